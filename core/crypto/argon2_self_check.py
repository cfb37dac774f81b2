"""Whether a build of argon2-cffi-bindings hashes as the installed wheel does.

`python -m core.crypto.argon2_self_check FILE` exits with 0 if so, and else says what differs. It is
a process of its own because a build may end the process that runs it.
"""

import importlib
import itertools
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from core.crypto.argon2_builds import load_extension

RFC_9106_TAG: Final = bytes.fromhex(
    "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
)
"""RFC 9106 section 5.3: Argon2id, 32 KiB, 3 passes, 4 lanes, with a secret and associated data."""

_TAG_BYTES: Final = (4, 32, 64, 100)
_COSTS: Final = ((8, 1, 1), (19, 3, 2), (1024, 2, 3), (19_456, 2, 1))
"""KiB, passes, lanes: small and odd ones, and those that the service hashes with."""
_PASSWORD_BYTES: Final = (0, 1, 15, 127, 128, 129, 500)
_TRIES: Final = 28
_OK: Final = 0


class Differs(Exception):
    """The build does not hash as it should."""


class _Case(NamedTuple):
    password: bytes
    salt: bytes
    memory_kib: int
    passes: int
    lanes: int
    tag_bytes: int


def compare(build: Any, trusted: Any) -> None:  # noqa: ANN401 - cffi's modules have no types
    """Try two modules with `ffi` and `lib` on the same work.

    Raises:
        Differs: one of them is no Argon2id, or they are not the same.
    """
    for module in (build, trusted):
        if _rfc_9106(module) != RFC_9106_TAG:
            raise Differs("the test vector of RFC 9106 gives another hash")
    for case in _cases():
        if _raw(build, case) != _raw(trusted, case):
            raise Differs(f"another hash than the wheel's, at {case.memory_kib} KiB")
    for ours, theirs in ((build, trusted), (trusted, build)):
        _verify(ours, theirs)


def _cases() -> Iterator[_Case]:
    """Yield passwords and salts that nobody knew beforehand, with parameters of every kind."""
    kinds = zip(
        itertools.cycle(_PASSWORD_BYTES),
        itertools.cycle(_TAG_BYTES),
        # The dear one once: it is there to try the length of the memory, not another password.
        [*itertools.islice(itertools.cycle(_COSTS[:-1]), _TRIES), _COSTS[-1]],
        strict=False,
    )
    for length, tag_bytes, (memory_kib, passes, lanes) in kinds:
        yield _Case(
            secrets.token_bytes(length),
            secrets.token_bytes(8 + length % 25),
            memory_kib,
            passes,
            lanes,
            tag_bytes,
        )


def _raw(module: Any, case: _Case) -> bytes:  # noqa: ANN401 - as above
    ffi, lib = module.ffi, module.lib
    out = ffi.new("uint8_t[]", case.tag_bytes)
    ended = lib.argon2_hash(
        *(case.passes, case.memory_kib, case.lanes),
        *(case.password, len(case.password), case.salt, len(case.salt)),
        *(out, case.tag_bytes, ffi.NULL, 0, lib.Argon2_id, lib.ARGON2_VERSION_NUMBER),
    )
    return _told(ended, bytes(ffi.buffer(out)))


def _verify(maker: Any, reader: Any) -> None:  # noqa: ANN401 - as above
    """Let one verify what the other has encoded."""
    ffi, lib = maker.ffi, maker.lib
    password, salt = secrets.token_bytes(20), secrets.token_bytes(16)
    size = lib.argon2_encodedlen(2, 64, 1, len(salt), 32, lib.Argon2_id)
    out = ffi.new("char[]", size)
    ended = lib.argon2_hash(
        *(2, 64, 1, password, len(password), salt, len(salt)),
        *(ffi.NULL, 32, out, size, lib.Argon2_id, lib.ARGON2_VERSION_NUMBER),
    )
    encoded = _told(ended, ffi.string(out))
    answers = [
        reader.lib.argon2_verify(encoded, tried, len(tried), reader.lib.Argon2_id)
        for tried in (password, password + b"x")
    ]
    if answers != [_OK, reader.lib.ARGON2_VERIFY_MISMATCH]:
        raise Differs("a password is not verified as it should be")


def _rfc_9106(module: Any) -> bytes:  # noqa: ANN401 - as above
    ffi, lib = module.ffi, module.lib
    out = ffi.new("uint8_t[]", 32)
    parts = {
        name: ffi.new("uint8_t[]", [value] * length)
        for name, value, length in (
            ("pwd", 1, 32),
            ("salt", 2, 16),
            ("secret", 3, 8),
            ("ad", 4, 12),
        )
    }
    context = ffi.new(
        "argon2_context *",
        {
            **parts,
            **{f"{name}len": len(value) for name, value in parts.items()},
            "out": out,
            "outlen": len(out),
            "t_cost": 3,
            "m_cost": 32,
            "lanes": 4,
            "threads": 1,
            "version": lib.ARGON2_VERSION_NUMBER,
            "allocate_cbk": ffi.NULL,
            "free_cbk": ffi.NULL,
            "flags": 0,
        },
    )
    return _told(lib.argon2_ctx(context, lib.Argon2_id), bytes(ffi.buffer(out)))


def _told(ended: int, told: bytes) -> bytes:
    if ended != _OK:
        raise Differs(f"hashing ended with libargon2's error {ended}")
    return told


def main() -> int:
    """Check the build that the command line names."""
    # The wheel first: what is loaded later would be found in its place.
    wheel = importlib.import_module("_argon2_cffi_bindings")
    try:
        compare(load_extension(Path(sys.argv[1])), wheel)
    except (Differs, ImportError, AttributeError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
