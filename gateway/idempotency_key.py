"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): its form, and no more.

The core knows what a key means; what it could not be told of is refused here.
"""

import re
from typing import Final

from aiohttp import web

from gateway.problem import Violation, refuse

HEADER: Final = "Idempotency-Key"
METADATA_KEY: Final = "idempotency-key"
LONGEST: Final = 255
"""Characters of a key, without quotes."""

PATTERN: Final = rf'^(?:[!#-~][!-~]{{0,{LONGEST - 1}}}|"(?:[!#-\[\]-~]|\\["\\]){{1,{LONGEST}}}")$'
"""A key as the header writes it: visible ASCII, bare or as a string of RFC 9651 section 3.3.3."""

_FORM: Final = re.compile(PATTERN.removeprefix("^").removesuffix("$"))


def metadata_of(request: web.BaseRequest) -> tuple[tuple[str, str], ...]:
    """What the core is told of the key; nothing where there is none.

    Raises ProblemError (VALIDATION_FAILED) for a header that is no key, or stands there twice.
    """
    keys = request.headers.getall(HEADER, None)
    if not keys:
        return ()
    if len(keys) == 1 and _FORM.fullmatch(keys[0]):
        return ((METADATA_KEY, keys[0]),)
    message = f"must be one key of 1 to {LONGEST} visible ASCII characters"
    violation = Violation(field=METADATA_KEY, rule="idempotency_key.form", message=message)
    raise refuse("VALIDATION_FAILED", "The idempotency key is none.", violation)
