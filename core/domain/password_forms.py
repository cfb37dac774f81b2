"""The forms under which a password is compared with what everybody knows.

Compared is always the whole password (NIST SP 800-63B-4 section 3.1.1.2), never a word in it: a
sentence may hold the word «password». But a listed password stays one when it is written in
capitals, with hyphens, twice, or with a year behind it, and at fifteen characters that is how it
comes. Each form takes one such disguise off, and all of them are taken off in every order.
"""

import unicodedata
from collections.abc import Collection

from core.domain.unicode_text import folded

DECORATION_LENGTH = 8
"""So many digits and signs before or after a password are decoration: eight are a date."""

OWN_LENGTH = 8
"""With fewer characters of one's own beside a known word, a password is that word."""

_FEWEST_CHARACTERS = 5

_LEAST_NAME = 4
"""A shorter name turns up in a sentence by chance; it counts as the whole password alone."""

_WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъфывапролджэячсмитьбю",
)
"""Alphabets, digits, and the rows and columns of keyboards; each begins again at its end."""


def forms(password: str) -> frozenset[str]:
    """Return every form of a password, its folded self among them. An empty one has none."""
    found: set[str] = set()
    waiting = [folded(password)]
    while waiting:
        form = waiting.pop()
        if form and form not in found:
            found.add(form)
            waiting += (letters_and_digits(form), _core(form), _unit(form))
    return frozenset(found)


def letters_and_digits(text: str) -> str:
    """Leave out spaces, punctuation and symbols."""
    return "".join(filter(_is_letter_or_digit, text))


def is_predictable(password: str) -> bool:
    """Tell whether a password follows from its first few characters.

    So does one that goes along an alphabet or a keyboard, one that repeats less than eight
    characters, and one that has fewer than five different ones.
    """
    return len(set(folded(password))) < _FEWEST_CHARACTERS or any(
        _is_walk(form) or _repeats_little(form)
        for form in forms(password)
        if len(form) >= OWN_LENGTH
    )


def is_one_of(password: str, words: Collection[str]) -> bool:
    """Tell whether a form of a password is one of the words; they are folded."""
    return not forms(password).isdisjoint(words)


def is_made_of(password: str, names: Collection[str]) -> bool:
    """Tell whether a password is one of the names, or names with next to nothing beside them.

    The names are folded, and have letters and digits alone.
    """
    if is_one_of(password, names):
        return True
    whole = letters_and_digits(folded(password))
    rest = whole
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _LEAST_NAME:
            rest = rest.replace(name, "")
    return rest != whole and len(_core(rest)) < OWN_LENGTH


def _core(text: str) -> str:
    """Take decoration off both ends."""
    start, end = 0, len(text)
    while start < end and not _is_letter(text[start]):
        start += 1
    while end > start and not _is_letter(text[end - 1]):
        end -= 1
    decorated = _is_decoration(text[:start]) and _is_decoration(text[end:])
    return text[start:end] if decorated and start < end else text


def _is_decoration(text: str) -> bool:
    return len(text) <= DECORATION_LENGTH or _is_walk(text) or _unit(text) != text


def _unit(text: str) -> str:
    """Return what a text repeats, the last time perhaps cut short; the text if it does not.

    The shortest period is the length less the longest border (Knuth, Morris and Pratt).
    """
    borders = [0] * len(text)
    length = 0
    for index in range(1, len(text)):
        while length and text[index] != text[length]:
            length = borders[length - 1]
        length += text[index] == text[length]
        borders[index] = length
    period = len(text) - (borders[-1] if borders else 0)
    return text[:period] if 2 * period <= len(text) else text


def _repeats_little(form: str) -> bool:
    return len(_unit(form)) < OWN_LENGTH


def _is_walk(form: str) -> bool:
    return any(
        form in endless or form[::-1] in endless
        for endless in (walk * (len(form) // len(walk) + 2) for walk in _WALKS)
    )


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
