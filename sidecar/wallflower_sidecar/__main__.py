"""`python -m wallflower_sidecar` is the `wallflower` command."""

from .cli import main

main()
