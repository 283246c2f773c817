"""Ways of writing."""

SPACELESS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
"""A character of a script that writes no spaces between words, for `regex`."""
