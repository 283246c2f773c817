"""The `wallflower` command."""

import click

from .. import __version__
from .backup import backup, restore
from .common import Commands, debug_option
from .doctor import doctor
from .export import export
from .migrate import migrate
from .models import models
from .pair import pair
from .probe import probe
from .search import search
from .serve import serve
from .transcribe import transcribe


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wallflower")
@debug_option
def main() -> None:
    """Listen to cameras: live, searchable transcripts and keyword hits, all in the house.

    Settings come from WALLFLOWER_* variables and from wallflower.toml in the data folder.
    """


for command in (serve, pair, probe, transcribe, search, export, backup, restore, migrate, models, doctor):
    main.add_command(command)
