"""The managed recogniser: a WhisperLive server that the sidecar starts and watches itself, and the client of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import logging
from pathlib import Path

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo
from wallflower_sidecar.domain.transcripts import Hints, Transcript, Utterance
from wallflower_sidecar.processes.wire import Message

from ..models.catalogue import ENGLISH
from ..models.find import known_languages
from ..models.library import ModelLibrary
from ..models.wanted import Choice, WantedModel
from ..transcriber import InfoBoard, UtteranceRefusedError, require_whole
from ..whisperlive.limits import Limits
from ..whisperlive.transcriber import WhisperLiveTranscriber
from .server_link import ServerEndedError, ServerLink

_LOGGER = logging.getLogger(__name__)

SPARE_CLIENTS = 4
"""Places on the server beyond the client's own, for sessions that it has not seen end yet."""

RETURN_S = 60.0
"""How long an utterance waits for the next server after one ended under it."""

_TRIES = 2
_DEATHS_UNTIL_FAILED = 3
_NOWHERE = "ws://127.0.0.1:1"
_BROKEN = "The connection to the WhisperLive server broke and is being made again."


class ManagedTranscriber:
    """A Transcriber on a WhisperLive server of its own, on loopback, which ends with the sidecar."""

    def __init__(
        self,
        model: str | None,
        *,
        python: Path | None,
        models_dir: Path,
        folder: Path,
        clock: Clock,
        language: str | None = None,
        library: ModelLibrary | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`model` is the setting (None: the bundled one), `python` has whisper-live (None: this interpreter).

        `folder` is for the server's own files; `language` stands in where the hints have none. Without a `library`,
        which its owner runs, it runs one of its own. `limits` are the client's.
        """
        self.refused = 0
        """Utterances given up because two servers ended over them."""
        self._python = python
        self._folder = folder
        self._own_library = ModelLibrary(models_dir, clock) if library is None else None
        known = library or self._own_library or ModelLibrary(models_dir, clock)
        self._wanted = WantedModel(model, known, on_change=self._chosen)
        self._languages = frozenset[str]()
        self._link = ServerLink(clock, on_state=self._told, on_up=self._serve, on_down=self._mourn)
        self._client = WhisperLiveTranscriber(
            _NOWHERE,
            token=self._link.token,
            clock=clock,
            language=language,
            limits=limits,
            engine="managed",
            on_stuck=self._link.child.kill,
        )
        self._client.subscribe(self._follow)
        self._board = InfoBoard(TranscriberInfo("managed", model, "starting"))
        self._state, self._code, self._detail = "starting", "loading", ""
        self._number = 0
        self._deaths = 0
        self._first_server = asyncio.Event()

    @property
    def info(self) -> TranscriberInfo:
        """The model and the server's state; `detail` says what is wrong, or which model stands in and why."""
        return self._board.info

    @property
    def parallel(self) -> int:
        """How many utterances are worth handing over at once."""
        return self._client.parallel

    @property
    def pid(self) -> int | None:
        """The process id of the server's keeper, and of its process group, while there is one."""
        return self._link.child.pid

    @property
    def token(self) -> str:
        """What the server asks of a client."""
        return self._link.token

    def subscribe(self, on_change: Callable[[TranscriberInfo], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop whenever `info` changes; returns what ends that."""
        return self._board.subscribe(on_change)

    async def run(self) -> None:
        """Keep a server with the model of the setting, and a client of it, running until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._own_library is not None:
                tasks.create_task(self._own_library.run())
            tasks.create_task(self._wanted.run())
            tasks.create_task(self._link.child.run())
            await self._first_server.wait()
            tasks.create_task(self._client.run())

    def restart(self) -> None:
        """Start a new server at once and look for the model anew, whatever was waited for."""
        self._deaths = 0
        self._wanted.again()
        self._link.child.restart_now("it was asked to begin anew")

    async def transcribe(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn an utterance into text, a second time if the server ends under it.

        Raises TranscriberUnavailableError when it should be sent again later, UtteranceRefusedError when not.
        """
        require_whole(utterance)
        for attempt in range(_TRIES):
            if attempt:
                await self._returned()
            self._require_ready(hints)
            try:
                return await self._link.unless_it_ends(self._client.transcribe(utterance, self._understood(hints)))
            except ServerEndedError:
                _LOGGER.warning("the server ended while it heard %.1f s", utterance.duration_s)
        self.refused += 1
        raise UtteranceRefusedError("The WhisperLive server ended twice while it heard this utterance.")

    async def draft(self, utterance: Utterance, hints: Hints) -> Transcript:
        """Turn what was heard so far into text that may still change, in one try; raises like `transcribe`."""
        require_whole(utterance)
        self._require_ready(hints)
        try:
            return await self._link.unless_it_ends(self._client.draft(utterance, self._understood(hints)))
        except ServerEndedError:
            raise TranscriberUnavailableError("died", "The WhisperLive server ended.") from None

    async def _returned(self) -> None:
        """Wait until the next server is ready, or its state says why there is none."""
        settled = asyncio.Event()
        unsubscribe = self._board.subscribe(lambda info: settled.set() if _is_settled(info) else None)
        try:
            if not _is_settled(self.info):
                async with asyncio.timeout(RETURN_S):
                    await settled.wait()
        except TimeoutError:
            _LOGGER.warning("the server was not back within %.0f s", RETURN_S)
        finally:
            unsubscribe()

    def _require_ready(self, hints: Hints) -> None:
        info, choice = self.info, self._wanted.choice
        if info.state != "ready":
            code = self._code if choice.model is not None else choice.code
            raise TranscriberUnavailableError(code, info.detail or "The WhisperLive server is being started.")
        if choice.stands_in and self._languages and hints.language and hints.language not in self._languages:
            raise UtteranceRefusedError(f"{info.model} stands in and does not know the language {hints.language}.")

    def _understood(self, hints: Hints) -> Hints:
        # Asked for another language, WhisperLive writes English with such a model and does not say so.
        return replace(hints, language="en") if self._languages == ENGLISH else hints

    def _chosen(self, choice: Choice) -> None:
        if choice.model is not None and choice.number != self._number:
            self._number = choice.number
            self._languages = known_languages(choice.model.folder)
            self._state, self._code, self._detail = "starting", "loading", ""
            if self._link.child.up:
                self._link.child.restart_now("another model is to be loaded")
        self._tell()

    def _serve(self) -> None:
        choice = self._wanted.choice
        if choice.model is not None:
            places = self._client.parallel + SPARE_CLIENTS
            self._link.serve(
                choice.number, choice.model, python=self._python, folder=self._folder, threads=0, max_clients=places
            )

    def _told(self, message: Message) -> None:
        if message["state"] == "listening":
            self._client.point_to(f"ws://127.0.0.1:{message['port']}")
            self._first_server.set()
        self._enter(message["state"], message["code"] or "loading", message["detail"])
        if message["code"] == "bad_model":
            self._wanted.refused(message["detail"])

    def _follow(self, client: TranscriberInfo) -> None:
        if self._state == "listening" and client.state == "ready":
            self._deaths = 0
            self._wanted.accepted()
        self._tell()

    def _mourn(self, reason: str) -> None:
        self._deaths += 1
        state = "starting" if self._deaths < _DEATHS_UNTIL_FAILED else "failed"
        self._enter(state, "died", f"The WhisperLive server was ended ({reason}) and is being started again.")

    def _enter(self, state: str, code: str, detail: str) -> None:
        self._state, self._code, self._detail = state, code, detail
        self._tell()

    def _tell(self) -> None:
        choice, client = self._wanted.choice, self._client.info
        if choice.model is None and choice.state != "starting":
            info = TranscriberInfo("managed", choice.name, choice.state, choice.progress, detail=choice.detail)
        else:
            name = choice.model.name if choice.model is not None else choice.name
            state, detail = self._state, self._detail or None
            if state == "listening":
                state, detail = client.state, client.detail
                if detail is not None and "WHISPERLIVE_URL" in detail:  # which is not how anybody set this server up
                    state, detail = "starting", _BROKEN
            if state == "ready":
                detail = choice.detail
            info = TranscriberInfo("managed", name, state, choice.progress, detail=detail)
        self._board.tell(info)


def _is_settled(info: TranscriberInfo) -> bool:
    return info.state not in ("starting", "downloading")
