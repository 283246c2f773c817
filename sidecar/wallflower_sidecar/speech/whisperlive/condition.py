"""Whether the WhisperLive server can work now: what is told of it, and which failures add up."""

from collections import OrderedDict
from collections.abc import Callable
import logging

from wallflower_sidecar.domain.clock import Clock
from wallflower_sidecar.domain.errors import TranscriberUnavailableError
from wallflower_sidecar.domain.health import TranscriberInfo

from ..transcriber import InfoBoard, UtteranceRefusedError
from .breaker import Breaker
from .faults import ServerFaultError, connecting, stuck
from .limits import Limits

_LOGGER = logging.getLogger(__name__)

_MOST_ENDS = 6
"""Sessions that may end under an utterance, over all its attempts, before it is given up: it may be the cause."""

_REMEMBERED = 32
_LOADING = "The WhisperLive server is loading its model."


class Condition:
    """The state of one server, with its breaker."""

    def __init__(
        self,
        info: TranscriberInfo,
        limits: Limits,
        clock: Clock,
        *,
        on_fail: Callable[[ServerFaultError], None],
        on_stuck: Callable[[str], None] | None,
    ) -> None:
        """`on_fail(fault)` is called when the breaker opens, `on_stuck(sentence)` at each second silence in a row."""
        self.board = InfoBoard(info)
        self.breaker = Breaker(limits, clock)
        self.refused = 0
        """Utterances given up because sessions kept ending under them, or that no recogniser takes."""
        self.silences = 0
        """Times in a row that the server answered neither an utterance nor known speech."""
        self._engine = info.engine
        self._model = info.model
        self._on_fail = on_fail
        self._on_stuck = on_stuck
        self._ends: OrderedDict[str, int] = OrderedDict()

    @property
    def ready(self) -> bool:
        """Whether a session was ready since the last fault."""
        return self.board.info.state == "ready"

    def begin(self) -> None:
        """Nothing is known yet."""
        self.breaker.reset()
        self.silences = 0
        self._tell("starting", None)

    def loading(self) -> None:
        """The first answer takes its time."""
        if self.board.info.state == "starting":
            self._tell("starting", _LOADING)

    def shook_hands(self) -> None:
        """A session is ready."""
        self.breaker.close()
        self._tell("ready", None)

    def answered(self) -> None:
        """The server has shown that it works."""
        self.silences = 0
        self.breaker.reset()
        if self.board.info.state == "failed":
            self._tell("ready", None)

    def silent(self) -> bool:
        """The server took speech without an answer; whether that was not the first time."""
        self.silences += 1
        _LOGGER.warning("the WhisperLive server took speech without an answer (%d in a row)", self.silences)
        if self.silences > 1 and self._on_stuck is not None:
            self._on_stuck(str(stuck()))
        return self.silences > 1

    def fail(self, fault: ServerFaultError) -> None:
        """Open the breaker."""
        if self.breaker.fault is None or self.breaker.fault.code != fault.code:
            _LOGGER.warning("%s", fault)
        self.breaker.open(fault)
        self._tell("failed", str(fault))
        self._on_fail(fault)

    def require_ready(self) -> None:
        """Raise TranscriberUnavailableError while nothing can be sent."""
        if not self.ready:
            raise self.unavailable()

    def unavailable(self) -> TranscriberUnavailableError:
        """What those are told who ask for text now."""
        fault = self.breaker.fault or connecting()
        return TranscriberUnavailableError(fault.code, str(fault))

    def count_end(self, utterance: str) -> None:
        """Count a session that ended under an utterance; raises UtteranceRefusedError after too many."""
        self._ends[utterance] = self._ends.pop(utterance, 0) + 1
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)
        if self._ends[utterance] >= _MOST_ENDS:
            self.forgive(utterance)
            self.refused += 1
            raise UtteranceRefusedError("Sessions with the WhisperLive server kept ending under this utterance.")

    def forgive(self, utterance: str) -> None:
        """This utterance has its text."""
        self._ends.pop(utterance, None)

    def _tell(self, state: str, detail: str | None) -> None:
        self.board.tell(TranscriberInfo(self._engine, self._model, state, detail=detail))
