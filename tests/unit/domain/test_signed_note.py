"""Signed notes, against the example of the format's first implementation (golang.org/x/mod)."""

import pytest

from core.crypto.ed25519 import is_signed
from core.domain.signed_note import (
    KeyRing,
    NoteRefused,
    NoteSignature,
    VerifierKey,
    read_note,
    write_note,
)

KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_somebody_elses_making_is_read_and_verified() -> None:
    key = VerifierKey.parse(KEY)
    text, signatures = read_note(NOTE)
    signature = signatures["PeterNeumann"]
    ring = KeyRing.of([key])
    assert ring.signer(text, "PeterNeumann", signature, is_signed) == key
    assert write_note(text, "PeterNeumann", signature) == NOTE
    assert key.line() == KEY


@pytest.mark.parametrize(
    ("text", "name"),
    [("another text\n", "PeterNeumann"), (read_note(NOTE)[0], "somebody else")],
)
def test_another_text_or_another_name_is_signed_by_nobody(text: str, name: str) -> None:
    signature = read_note(NOTE)[1]["PeterNeumann"]
    ring = KeyRing.of([VerifierKey.parse(KEY)])
    assert ring.signer(text, name, signature, is_signed) is None


def test_a_key_that_is_not_known_signs_nothing() -> None:
    text, signatures = read_note(NOTE)
    assert (
        KeyRing.of([]).signer(text, "PeterNeumann", signatures["PeterNeumann"], is_signed) is None
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "name",
        "name+c74f20a3",
        KEY.replace("c74f20a3", "c74f20a4"),
        KEY.replace("PeterNeumann", "Somebody"),
        KEY[:-4],
        KEY.replace("ARpc", "!!!!"),
        KEY.replace("ARpc", "Ahpc"),
    ],
)
def test_a_line_that_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(line)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a text without signatures\n",
        "text\n\nno signature\n",
        "text\n\n\u2014 name\n",
        "text\n\n\u2014 name !!!!\n",
        "text\n\n\u2014 name AAAA\n",
    ],
)
def test_a_text_that_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        read_note(note)


def test_a_signature_has_a_key_and_sixty_four_bytes() -> None:
    joined = bytes(range(68))
    assert NoteSignature.parse(joined).joined() == joined
    with pytest.raises(NoteRefused):
        NoteSignature.parse(joined[1:])
