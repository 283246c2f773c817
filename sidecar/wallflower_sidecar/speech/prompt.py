"""Words to expect, written so that Whisper takes them for what was said before."""

from collections.abc import Sequence

LONGEST_PROMPT = 300
"""Characters; about 90 tokens of the 223 that Whisper takes as a prompt."""


def hotword_prompt(hotwords: Sequence[str]) -> str | None:
    """Write words as short sentences, "Help. Water meter.", as far as there is room; None without any.

    A bare list ("help, water meter") doubles tiny.en's word errors: it goes on in the list's style.
    """
    prompt = ""
    for hotword in dict.fromkeys(" ".join(hotword.split()) for hotword in hotwords):
        sentence = f"{hotword[:1].upper()}{hotword[1:].rstrip('.!?')}. "
        if hotword and len(prompt) + len(sentence) <= LONGEST_PROMPT:
            prompt += sentence
    return prompt.strip() or None
