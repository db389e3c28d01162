"""Letters outside of a repertoire, and the nearest ones inside."""

from __future__ import annotations

import unicodedata
from functools import cache

UNOA = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-()/='+:?!\"%&*;<>"
"""The repertoire of level A (ISO 9735)."""
BASIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()*+,-./:;?="
"""The basic character set (X12.6)."""

_OTHERS = {
    "ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d",
    "Þ": "TH", "þ": "th", "Ł": "L", "ł": "l", "Ħ": "H", "ħ": "h", "ı": "i", "Ŋ": "N", "ŋ": "n", "Ŧ": "T", "ŧ": "t", "€": "EUR",
    "–": "-", "—": "-", "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "…": "...", "•": "*", "«": '"', "»": '"',
    "\u00a0": " ",
    "\t": " ", "\r": " ", "\n": " ", "×": "x", "÷": "/", "°": "o", "´": "'", "`": "'", "¨": '"', "²": "2", "³": "3",
    "¼": "1/4", "½": "1/2", "¾": "3/4", "©": "(c)", "®": "(r)", "™": "(tm)", "£": "GBP", "¥": "JPY",
}  # fmt: skip
_LETTERS = (*range(0x20, 0x250), *range(0x1E00, 0x1F00))


@cache
def nearest(allowed: str) -> dict[str, str]:
    """For characters that are not among `allowed` what is written instead: a letter without its accents, a capital, or what is
    usual. Only where all of it is allowed."""
    found = {}
    for character in {*map(chr, _LETTERS), *_OTHERS}:
        if character in allowed:
            continue
        plain = _OTHERS.get(character) or "".join(
            one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one)
        )
        for text in (plain, plain.upper()):
            if text and text != character and all(one in allowed for one in text):
                found[character] = text
                break
    return found
