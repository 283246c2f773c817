"""Makes the transcriber that the settings ask for."""

from ..domain.clock import Clock
from ..settings import Settings
from ..speech import EmbeddedTranscriber, ManagedTranscriber, ModelLibrary, Transcriber, WhisperLiveTranscriber


def make_transcriber(
    settings: Settings, models: ModelLibrary, clock: Clock, language: str | None = None
) -> Transcriber:
    """Build what ENGINE names; nothing runs yet. What is wrong with it is told in its `info`, never raised.

    `language` stands in where hints have none; LANGUAGE does without it.
    """
    language = language or settings.language
    match settings.engine:
        case "embedded":
            return EmbeddedTranscriber(
                settings.model, models_dir=settings.models_dir, library=models, language=language, clock=clock
            )
        case "managed":
            return ManagedTranscriber(
                settings.model,
                python=settings.whisperlive_python,
                models_dir=settings.models_dir,
                folder=settings.data_dir / "whisperlive",
                library=models,
                language=language,
                clock=clock,
            )
        case "whisperlive":
            url, token = settings.whisperlive_url, settings.whisperlive_token
            return WhisperLiveTranscriber(
                url.get_secret_value() if url else "",
                token=token.get_secret_value() if token else None,
                model=settings.model,
                language=language,
                clock=clock,
            )
