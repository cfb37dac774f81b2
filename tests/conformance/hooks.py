"""What schemathesis loads: as whom it calls and about whom, and which of its findings are none.

A run deletes, suspends and demotes accounts, its own among them. Each identity therefore has a
supply of tokens, made before and kept outside of the run; whoever has lost an account, its
session or its role continues as the next.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import RejectedPositiveData

from gateway.openapi.example_values import USER_ID

IDENTITY_VARIABLE: Final = "CONFORMANCE_IDENTITY"
"""Names the role that a run has; empty: it is nobody."""
TOKENS_VARIABLE: Final = "CONFORMANCE_TOKENS"
"""Names the file of access tokens, one a line."""
PEOPLE_VARIABLE: Final = "CONFORMANCE_PEOPLE"
"""Ids of users, and `me`, with commas between."""

AUTHORIZATION: Final = "Authorization"
_BEARER: Final = "Bearer "
_FORBIDDEN: Final = 403
_ME: Final = "me"
_VERSION_GIVEN_OUT: Final = 7
_ANYONE: Final = "anyone"
_LOST: Final = frozenset({"TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_REVOKED", "ACCOUNT_SUSPENDED"})
# These say that a request has not the form that the specification promises to be the right one.
# Any other refusal is about the state of things, which a schema cannot know.
_REASONS_OF_FORM: Final = frozenset(
    {"VALIDATION_FAILED", "MALFORMED_REQUEST", "UNSUPPORTED_MEDIA_TYPE", "ROUTE_NOT_FOUND"}
)
# Neither can it know who is calling, nor how long a text is after trimming and NFC.
_BEYOND_SCHEMAS: Final = frozenset({"user_id.me", "email.length", "full_name.length"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a problem document says; empty for another answer."""

    status: int
    reason: str
    rules: frozenset[str]

    @classmethod
    def of(cls, response: schemathesis.Response) -> "Refusal":
        """Read an answer."""
        problem = {}
        if response.headers.get("content-type", [""])[0] == "application/problem+json":
            problem = response.json()
        rules = frozenset(broken["rule"] for broken in problem.get("violations", ()))
        return cls(response.status_code, problem.get("reason", ""), rules)

    @property
    def is_of_form(self) -> bool:
        """Whether a schema should have said so."""
        beyond = self.rules and self.rules <= _BEYOND_SCHEMAS
        return self.reason in _REASONS_OF_FORM and not beyond


class Supply:
    """Tokens, of which one is in use until it is worth nothing."""

    def __init__(self, role: str, tokens: list[str]) -> None:
        """Take them in the order of their use."""
        self._role = role
        self._tokens = tokens

    @property
    def current(self) -> str:
        """The token in use."""
        if not self._tokens:
            raise RuntimeError("the run has used up its tokens")
        return self._tokens[0]

    def learn(self, token: str, refusal: Refusal, operation: Mapping[str, Any]) -> None:
        """Go on to the next where an answer shows that the token in use has lost its worth."""
        promised = self._role in operation["x-roles"] and not operation["x-never-self"]
        demoted = refusal.reason == "PERMISSION_DENIED" and promised
        if token == self.current and (refusal.reason in _LOST or demoted):
            del self._tokens[0]


class Identity:
    """Logs schemathesis in."""

    supply: Supply

    def get(self, _case: Case[Any], _context: schemathesis.AuthContext) -> str:
        """Return the token in use."""
        return self.supply.current

    def set(self, case: Case[Any], token: str, _context: schemathesis.AuthContext) -> None:
        """Add it to a case."""
        case.headers[AUTHORIZATION] = _BEARER + token


def known(value: object, people: list[str]) -> object:
    """Put somebody who exists in the place of most ids that were made up, always the same one.

    Ids that the service gave out stay. A service is nobody whom `me` could mean.
    """
    if value == _ME and _ME not in people:
        return people[0]
    try:
        made_up = UUID(str(value))
    except ValueError:
        return value
    if made_up.version == _VERSION_GIVEN_OUT and value != USER_ID:
        return value
    choice = made_up.int % (len(people) + 1)
    return people[choice] if choice < len(people) else value


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Tell whether a failure is one: a well-formed request may be refused for what it asks."""
    del context, case
    return not isinstance(failure, RejectedPositiveData) or Refusal.of(response).is_of_form


def after_call(
    context: schemathesis.HookContext, case: Case[Any], response: schemathesis.Response
) -> None:
    """Notice that an account has gone."""
    del context
    operation = case.operation.definition.raw
    sent = str(case.headers.get(AUTHORIZATION, "")).removeprefix(_BEARER)
    # Where anyone may call, a refusal is about credentials in the body: of somebody else's account.
    is_about_token = _ANYONE not in operation.get("x-roles", (_ANYONE,))
    if is_about_token and response.status_code in {401, _FORBIDDEN}:
        Identity.supply.learn(sent, Refusal.of(response), operation)


def before_call(context: schemathesis.HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Call about people who exist; one well-formed id takes the place of another."""
    del context, kwargs
    if "user_id" in case.path_parameters:
        people = os.environ[PEOPLE_VARIABLE].split(",")
        case.path_parameters["user_id"] = known(case.path_parameters["user_id"], people)


if os.environ.get(IDENTITY_VARIABLE):
    Identity.supply = Supply(
        os.environ[IDENTITY_VARIABLE], Path(os.environ[TOKENS_VARIABLE]).read_text().split()
    )
    schemathesis.auth(refresh_interval=None)(Identity)
    schemathesis.hook(after_call)
    schemathesis.hook(before_call)
