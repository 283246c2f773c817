"""`wallflower probe`: what a camera offers, without a server."""

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from .common import debug_option, json_option, print_json, to_person, to_watcher

if TYPE_CHECKING:
    from ..capture import ProbeResult
    from ..domain.streams import Transport


@click.command()
@click.argument("url")
@click.option("--transport", type=click.Choice(["auto", "tcp", "udp"]), default="auto", show_default=True)
@click.option("--certificate", default="any", show_default=True, help="any, verify, or sha256: and a fingerprint.")
@json_option
@debug_option
def probe(url: str, transport: str, certificate: str, *, as_json: bool) -> None:
    """Try the camera at URL and say what it offers, within 15 s.

    Give - as URL to type it on standard input: other users of this machine can see a command's arguments.
    """
    from ..domain.streams import Transport
    from .signals import run_until_signal

    url = camera_address(url)
    try:
        with to_watcher().status("Asking the camera …"):
            result = run_until_signal(_probe(url, Transport(transport), _checked_certificate(certificate)))
    except asyncio.CancelledError:
        raise click.ClickException("Stopped before the camera had answered.") from None
    document = _document(result)
    if as_json:
        print_json(document)
        return
    video, audio = document["video"], document["audio"]
    console = to_person()
    console.print(f"Picture:   {_picture(video) if video else 'none'}")
    console.print(f"Sound:     {_sound(audio) if audio else 'none; switch the microphone on in the camera'}")
    console.print(f"Transport: {document['transport']}")
    if document["certificate"]:
        console.print(f"Signed:    {document['certificate']}")
    console.print(f"Took:      {document['took_s']:.1f} s")


def camera_address(url: str) -> str:
    """Return the checked address, read from standard input for `-`; exits with code 2 for one that is none."""
    from ..domain.camera_url import CameraUrl
    from ..domain.errors import FieldError

    if url == "-":
        url = sys.stdin.readline().strip()
    try:
        return CameraUrl.parse(url).text
    except FieldError as error:
        raise click.BadParameter(str(error), param_hint="URL") from None


def _checked_certificate(choice: str) -> str:
    from ..domain.camera_certificate import parse_certificate
    from ..domain.errors import FieldError

    try:
        return parse_certificate(choice)
    except FieldError as error:
        raise click.BadParameter(str(error), param_hint="--certificate") from None


async def _probe(url: str, transport: Transport, certificate: str) -> ProbeResult:
    from .listening import Deaf, capturing

    async with capturing(Deaf()) as supervisor:
        return await supervisor.probe(url, transport, certificate)


def _document(result: ProbeResult) -> dict[str, Any]:
    from ..domain.documents import audio_document, video_document

    return {
        "video": video_document(result.video),
        "audio": audio_document(result.audio),
        "transport": result.transport.value,
        "took_s": round(result.took_s, 3),
        "certificate": result.certificate,
    }


def _picture(video: dict[str, Any]) -> str:
    rate = f", {video['fps']:g} frames a second" if video["fps"] else ""
    return f"{video['codec']} {video['width']} × {video['height']}{rate}"


def _sound(audio: dict[str, Any]) -> str:
    level = "" if audio["level_dbfs"] is None else f", {audio['level_dbfs']:.0f} dBFS just now"
    return f"{audio['codec']} {audio['sample_rate']} Hz{level}"
