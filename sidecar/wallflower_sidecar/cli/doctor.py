"""`wallflower doctor`: what is right and what is not, each with what to do."""

import asyncio
from collections.abc import Iterator

import click

from ..settings import Settings, SettingsError, load_settings
from .common import debug_option, json_option, print_json, to_person
from .findings import SIGNS, Finding, Outcome, doubtful, failed, fine

_COLOURS = {Outcome.FINE: "green", Outcome.DOUBTFUL: "yellow", Outcome.FAILED: "red"}


@click.command()
@click.option("--token", help="A token of the running server, to look at its streams.")
@json_option
@debug_option
@click.pass_context
def doctor(ctx: click.Context, *, token: str | None, as_json: bool) -> None:
    """Check Python, settings, folders, model, codecs and the running server; exit code 1 if something failed."""
    from rich.markup import escape

    found: list[Finding] = []
    for finding in _findings(token):
        found.append(finding)
        if not as_json:
            sign = f"[{_COLOURS[finding.outcome]}]{SIGNS[finding.outcome]}[/]"
            to_person().print(f"{sign} {escape(finding.check)}: {escape(finding.detail)}")
    worst_is_failed = any(finding.outcome is Outcome.FAILED for finding in found)
    if as_json:
        checks = [{"check": each.check, "outcome": each.outcome.value, "detail": each.detail} for each in found]
        print_json({"ok": not worst_is_failed, "checks": checks})
    ctx.exit(1 if worst_is_failed else 0)


def _findings(token: str | None) -> Iterator[Finding]:
    from .machine_checks import database_check, folder_checks, library_checks, model_check, python_check

    yield python_check()
    yield from library_checks()
    settings, findings = _settings()
    yield from findings
    if settings is None:
        return
    yield from folder_checks(settings.data_dir)
    if settings.postgres_url is None:
        yield database_check(settings)
    else:
        yield asyncio.run(_database_server_finding(settings.postgres_url.get_secret_value()))
    if settings.engine != "whisperlive":
        yield model_check(settings)
    if settings.engine != "embedded":
        yield asyncio.run(_engine_finding(settings))
    own = settings.token.get_secret_value() if settings.token else None
    yield from asyncio.run(_server_findings(settings, token or own))


def _settings() -> tuple[Settings | None, list[Finding]]:
    try:
        loaded = load_settings()
    except SettingsError as error:
        return None, [failed("Settings", fault) for fault in error.faults]
    found = [doubtful("Settings", warning) for warning in loaded.warnings]
    return loaded.settings, found or [fine("Settings", f"Data folder {loaded.settings.data_dir}")]


async def _database_server_finding(url: str) -> Finding:
    from .database_server_check import database_server_check

    return await database_server_check(url)


async def _engine_finding(settings: Settings) -> Finding:
    from .engine_checks import engine_check

    return await engine_check(settings)


async def _server_findings(settings: Settings, token: str | None) -> list[Finding]:
    from .server_checks import server_checks

    return [finding async for finding in server_checks(settings, token)]
