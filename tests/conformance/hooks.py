"""What schemathesis loads: whose token a request carries, and which of its findings are none.

A run deletes and suspends accounts, its own among them. Each identity therefore has a supply of
tokens, made before and kept outside of the run; whoever is refused continues as the next.
"""

import json
import os
from pathlib import Path
from typing import Final

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData

TOKENS_VARIABLE: Final = "CONFORMANCE_TOKENS"
"""Names the file of access tokens, one a line; without it nobody is logged in."""

_UNAUTHENTICATED: Final = 401
_AUTHORIZATION: Final = "Authorization"
# These say that the request has not the form that the specification promises to be the right one.
# Any other refusal is about the state of things, which a schema cannot know.
_REASONS_OF_FORM: Final = frozenset(
    {"VALIDATION_FAILED", "MALFORMED_REQUEST", "UNSUPPORTED_MEDIA_TYPE", "ROUTE_NOT_FOUND"}
)


class Supply:
    """Tokens, of which one is in use until it is refused."""

    def __init__(self, tokens: list[str]) -> None:
        """Take them in the order of their use."""
        self._tokens = tokens

    @property
    def current(self) -> str:
        """The token in use."""
        if not self._tokens:
            raise RuntimeError("the run has used up its tokens")
        return self._tokens[0]

    def refused(self, token: str) -> None:
        """Go on to the next, unless that has happened already."""
        if self._tokens and self._tokens[0] == token:
            del self._tokens[0]


class Identity:
    """Logs schemathesis in, unless a case brings credentials of its own."""

    supply: Supply

    def get(self, _case: Case, _context: schemathesis.AuthContext) -> str:
        """Return the token in use."""
        return self.supply.current

    def set(self, case: Case, token: str, _context: schemathesis.AuthContext) -> None:
        """Add it to a case."""
        case.headers = {**(case.headers or {}), _AUTHORIZATION: f"Bearer {token}"}


_FILE: Final = os.environ.get(TOKENS_VARIABLE)
if _FILE is not None:
    Identity.supply = Supply(Path(_FILE).read_text().split())
    schemathesis.auth(refresh_interval=None)(Identity)

    @schemathesis.hook
    def after_call(
        context: schemathesis.HookContext, case: Case, response: schemathesis.Response
    ) -> None:
        """Notice that an account has gone."""
        del context
        sent = str((case.headers or {}).get(_AUTHORIZATION, ""))
        if response.status_code == _UNAUTHENTICATED:
            Identity.supply.refused(sent.removeprefix("Bearer "))


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: Case,
    response: schemathesis.Response,
) -> bool:
    """Tell whether a failure is one: well-formed requests may be refused for what they ask."""
    del context, case
    if not isinstance(failure, RejectedPositiveData):
        return True
    try:
        reason = response.json().get("reason")
    except json.JSONDecodeError:
        return True
    return reason in _REASONS_OF_FORM
