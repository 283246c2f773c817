"""Words to expect, written so that Whisper takes them for what was said before."""

from collections.abc import Sequence
import unicodedata

from rapidfuzz.distance import Levenshtein

LONGEST_PROMPT = 300
"""Characters; about 90 tokens of the 223 that Whisper takes as a prompt."""

ALIKE = 0.6
"""Part of its letters that a hotword must share with what was heard, to be looked for in a well heard text."""

WELL_HEARD = -0.6
"""Mean log probability of the tokens; in a text below it, hotwords are looked for whatever it is like."""

BOOST = 2.0
"""How much lower the log probability of a text with a hotword, given the sound alone, may be than the plain text's."""


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


def words_of(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    return kept.split()


def mentioned(text: str, hotwords: Sequence[str]) -> frozenset[str]:
    """Those hotwords that stand in a text."""
    padded = f" {' '.join(words_of(text))} "
    spelled = {hotword: " ".join(words_of(hotword)) for hotword in hotwords}
    return frozenset(hotword for hotword, spelling in spelled.items() if spelling and f" {spelling} " in padded)


def may_be_missed(text: str, mean_log_probability: float, hotwords: Sequence[str]) -> bool:
    """Whether a hotword that is not in a text may have been said: it was badly heard, or has something like one."""
    there, words = mentioned(text, hotwords), words_of(text)
    missing = [hotword for hotword in hotwords if hotword not in there]
    return any(mean_log_probability < WELL_HEARD or likeness(words, hotword) >= ALIKE for hotword in missing)


def likeness(words: Sequence[str], hotword: str) -> float:
    """How like a hotword the most similar part of a text is, 0 to 1; a word more or less may be in it."""
    wanted = words_of(hotword)
    spelling = "".join(wanted)
    lengths = range(max(1, len(wanted) - 1), len(wanted) + 2)
    parts = ("".join(words[at : at + length]) for length in lengths for at in range(len(words) - length + 1))
    return max((Levenshtein.normalized_similarity(part, spelling) for part in parts), default=0.0)
