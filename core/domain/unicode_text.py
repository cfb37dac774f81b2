"""Text in one form: what looks alike on two keyboards is alike."""

import unicodedata


def compatible(text: str) -> str:
    """Return NFKC: full-width letters, ligatures and composed accents become the plain ones."""
    return unicodedata.normalize("NFKC", text)


def folded(text: str) -> str:
    """Return the form without letter case, for comparing; NFKC before and after (UAX 15)."""
    return compatible(compatible(text).casefold())
