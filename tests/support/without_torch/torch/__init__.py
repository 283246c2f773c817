"""Stands in for PyTorch (gigabytes), which whisper-live's CPU path asks for this one thing."""


class cuda:  # noqa: N801 - a module there
    """There is no graphics card."""

    @staticmethod
    def is_available() -> bool:
        return False
