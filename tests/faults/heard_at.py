"""What a session heard, held against what the test camera sent and when."""

from tests.faults.session_rig import Heard
from tests.support.rtsp_camera import FakeCamera
from tests.support.speech import Track
from tests.support.waiting import eventually
from wallflower_sidecar.capture.messages import Spoken

TOLERANCE_S = 0.3
_SAME_LENGTH_S = 0.2


async def whole_sentences(
    heard: Heard, camera: FakeCamera, source: str, talk: Track, *, after: float = 0.0, count: int = 1
) -> list[Spoken]:
    """Wait for utterances after `after` (seconds since 1970), each as long as a sentence sent when it began."""

    def found() -> list[Spoken]:
        spoken = [one for one in heard.of(Spoken) if one.start > after]
        return [one for one in spoken if _is_sentence(one, camera, source, talk)]

    await eventually(lambda: len(found()) >= count, timeout_s=30)
    return found()


def _is_sentence(spoken: Spoken, camera: FakeCamera, source: str, talk: Track) -> bool:
    for sentence in talk.sentences:
        length_s = sentence.end_s - sentence.start_s
        if abs(spoken.end - spoken.start - length_s) < _SAME_LENGTH_S:
            sent = camera.wall_times(source, sentence.start_s)
            if any(abs(spoken.start - at) < TOLERANCE_S for at in sent):
                return True
    return False
