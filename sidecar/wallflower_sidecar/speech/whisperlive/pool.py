"""The sessions with one server: how many, who has which, and when each is renewed."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
import logging
from typing import Any

import aiohttp

from wallflower_sidecar.domain.clock import Clock

from .faults import ServerFaultError, connecting
from .limits import Limits
from .session import Server, Session, Wish, open_session

_LOGGER = logging.getLogger(__name__)

_SHORTEST_LIFE_S = 1.0
_FREED_TRIES = 8
_FREED_WITHIN_S = 2.0
"""A server may need so long until it knows that a session we closed is gone."""

_MOST_SENT_S = 40.0
"""A server keeps 45 s of sound and cuts it in the middle of a decode; a session is renewed before that."""


class Pool:
    """Hands out sessions, each to one utterance at a time.

    What a server did not complete it decodes again for ever, and mixes with what follows. So a session is closed once
    its utterance has its text, if another is cheap; else it is kept, and used again once it is quiet.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        server: Server,
        sessions: int,
        limits: Limits,
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        on_change: Callable[[], None],
    ) -> None:
        """`spawn` runs a coroutine until it ends, `on_change` is told when `places` may differ."""
        self.server = server
        """Where sessions are opened from now on."""
        self._http = http
        self._sessions = max(1, sessions)
        self._limits = limits
        self._clock = clock
        self._spawn = spawn
        self._on_change = on_change
        self._life_s = limits.session_s
        self._busy: set[Session] = set()
        self._idle: list[Session] = []
        self._taken = 0
        self._places = self._sessions
        self._shrunk_until = 0.0
        self._line: deque[asyncio.Future[None]] = deque()
        self._closed_at = -_FREED_WITHIN_S
        self._over = False

    @property
    def places(self) -> int:
        """How many sessions the server lets us have now, at least one."""
        if self._clock.monotonic() >= self._shrunk_until:
            self._places = self._sessions
        return self._places

    @property
    def has_room(self) -> bool:
        """Whether a session can be had at once and one more stays for somebody else (if there can be one)."""
        return not self._line and self._taken < max(1, self.places - 1)

    @property
    def held(self) -> int:
        """Places of the server that are taken by us."""
        return len(self._busy) + len(self._idle)

    async def take(self, wish: Wish, sound_s: float) -> Session:
        """Return a session that fits and can take so much sound; waits for a place. Raises ServerFaultError."""
        patience = _FREED_TRIES
        while True:
            await self._place()
            try:
                session = self._reusable(wish, sound_s) or await self._open(wish)
            except ServerFaultError as fault:
                self._leave()
                if fault.code != "full":
                    raise
                if self._idle:
                    self._drop(self._idle[0])
                elif patience and self._clock.monotonic() - self._closed_at < _FREED_WITHIN_S:
                    patience -= 1
                    await asyncio.sleep(_FREED_WITHIN_S / _FREED_TRIES)
                elif self._taken:
                    self._shrink(fault.wait_s or 0.0)
                else:
                    raise
            except BaseException:
                self._leave()
                raise
            else:
                self._busy.add(session)
                return session

    def give_back(self, session: Session, *, fit: bool) -> None:
        """Take a session back: kept if it is fit and dear, else closed."""
        if session not in self._busy:
            return
        self._busy.discard(session)
        if fit and session.ended is None and session.ready_s > self._limits.cheap_s:
            self.keep(session)
        else:
            self._close(session)
        self._leave()

    def keep(self, session: Session) -> None:
        """Hold an idle session ready for the next utterance."""
        session.idle_since = self._clock.monotonic()
        self._idle.append(session)

    async def open_spare(self, wish: Wish) -> Session:
        """Open a session for a probe; the caller keeps or closes it. Raises ServerFaultError."""
        self._require_open()
        session = await open_session(self._http, self.server, wish, self._limits, self._clock)
        try:
            self._require_open()
        except ServerFaultError:
            await session.close()
            raise
        self._spawn(session.read())
        return session

    def tidy(self) -> float | None:
        """Close idle sessions that are over or were idle too long; seconds until the next is due, None without any."""
        now = self._clock.monotonic()
        for session in tuple(self._idle):
            if session.ended or now - session.idle_since >= self._limits.idle_s:
                self._drop(session)
        return min((session.idle_since + self._limits.idle_s - now for session in self._idle), default=None)

    def end_all(self, reason: str) -> None:
        """End every session; those who use one are told by SessionEndedError."""
        for session in tuple(self._idle):
            self._drop(session)
        for session in tuple(self._busy):
            session.end(reason)
        self._shrunk_until = 0.0

    def turn_away(self, fault: ServerFaultError) -> None:
        """Let nobody wait in line any longer."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_exception(ServerFaultError(fault.code, str(fault)))

    async def close(self) -> None:
        """Close every session and turn away who waits in line."""
        self._over = True
        self.turn_away(connecting())
        sessions = [*self._idle, *self._busy]
        self._idle.clear()
        self._busy.clear()
        await asyncio.gather(*(session.close() for session in sessions))

    async def _place(self) -> None:
        if self._taken < self.places and not self._line:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            elif turn in self._line:
                self._line.remove(turn)
            raise

    def _leave(self) -> None:
        self._taken -= 1
        while self._line and self._taken < self.places:
            turn = self._line.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    async def _open(self, wish: Wish) -> Session:
        while self._idle and self._taken + len(self._idle) > self.places:
            session = self._idle.pop(0)
            session.end("its place is needed")
            await session.close()
        return await self.open_spare(wish)

    def _require_open(self) -> None:
        if self._over:
            raise connecting()

    def _reusable(self, wish: Wish, sound_s: float) -> Session | None:
        """An idle session that was opened for this, is quiet and will live long enough; the others are let go."""
        for session in tuple(self._idle):
            worn = session.age_s + 2 * sound_s > self._life_s * self._limits.renew_factor
            if session.ended or worn or session.sent_s + sound_s > _MOST_SENT_S:
                self._drop(session)
            elif self._fits(session, wish) and session.quiet_s >= self._quiet_s(session):
                self._idle.remove(session)
                return session
        return None

    def _quiet_s(self, session: Session) -> float:
        return self._limits.quiet_s if session.sent_s else 0.0

    @staticmethod
    def _fits(session: Session, wish: Wish) -> bool:
        """A session that detected a language has it for ever, so it fits those who name that language."""
        return session.wish.hotwords == wish.hotwords and session.language == wish.language

    def _drop(self, session: Session) -> None:
        self._idle.remove(session)
        self._close(session)

    def _close(self, session: Session) -> None:
        session.end("it was renewed")
        if session.disconnected:
            self._learn_life(session)
        self._closed_at = self._clock.monotonic()
        self._spawn(session.close())

    def _shrink(self, wait_s: float) -> None:
        """The server has no place left: make do with those we have for a while."""
        self._places = max(1, min(self._taken, self._sessions))
        self._shrunk_until = self._clock.monotonic() + min(max(wait_s, 1.0), self._limits.longest_wait_s)
        _LOGGER.info("the WhisperLive server is full; %d of %d sessions are used", self._places, self._sessions)
        self._on_change()

    def _learn_life(self, session: Session) -> None:
        """A session was ended for its age: from now on they are renewed sooner."""
        self._life_s = max(_SHORTEST_LIFE_S, min(self._life_s, session.age_s))
        _LOGGER.info("the WhisperLive server ends sessions after about %.0f s", self._life_s)
