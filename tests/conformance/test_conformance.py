"""What the gateway answers is what its own /openapi.json says, whatever it is asked and by whom.

`make conformance` sends CONFORMANCE_EXAMPLES=200 for each operation and phase; with fewer, one
identity alone goes through every value that a schema singles out.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.identities import IDENTITIES, NOBODY, Identity, make_identities
from tests.conformance.run import PHASES, Outcome, run_schemathesis
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.servers import Servers

pytestmark = pytest.mark.long

EXAMPLES: Final = int(os.environ.get("CONFORMANCE_EXAMPLES", "2"))
SEED: Final = int(os.environ.get("CONFORMANCE_SEED", "1"))
IS_LONG: Final = EXAMPLES >= 200
_AT_ONCE: Final = 2
_TOKENS: Final = 40 + 3 * EXAMPLES

# Neither limits nor the cost of hashing hide an answer; a session may do what is sensitive.
_SETTINGS: Final = {
    **{
        f"PANDORA_LIMITS__{kind}": "1000000/second"
        for kind in (
            *("LOGIN", "REGISTRATION", "RECOVERY", "MAILBOX", "TOKEN"),
            *("READ", "WRITE", "BULK", "REPEAT", "SERVICE"),
        )
    },
    "PANDORA_LIMITS__EXEMPT_NETWORKS": "127.0.0.0/8",
    "PANDORA_ACCOUNTS__LEAST_ANSWER_SECONDS": "0",
    "PANDORA_PASSWORDS__MEMORY_KIB": "8",
    "PANDORA_PASSWORDS__TIME_COST": "1",
    "PANDORA_TOKENS__ACCESS_TOKEN_SECONDS": "3600",
    "PANDORA_TOKENS__RECENT_AUTHENTICATION_SECONDS": "3600",
}
_THOROUGH: Final = "admin"
"""Gets past access everywhere, to validation and to the use cases."""

# What each identity must have been given, so that a run that is refused everything is no success.
_GIVEN: Final[Mapping[str, tuple[str, ...]]] = {
    "nobody": ("GET /.well-known/jwks.json", "POST /v1/auth/password-reset"),
    "user": ("GET /v1/users/{user_id}", "PATCH /v1/users/{user_id}"),
    "admin": ("GET /v1/users", "GET /v1/audit-events", "PUT /v1/users/{user_id}/role"),
    "service": ("POST /v1/auth/introspect", "GET /v1/users/{user_id}/kyc"),
}


def _phases(name: str) -> Sequence[str]:
    """In the short form one identity alone goes through every value that a schema singles out."""
    return [phase for phase in PHASES if phase != "coverage" or IS_LONG or name == _THOROUGH]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="module")
def service(servers: Servers, folder: Path) -> Iterator[Service]:
    """Core and gateway on a database of their own; nobody waits for events or mail here."""
    with (
        new_site(servers, folder, settings=_SETTINGS) as site,
        running_service(site, without={"relay", "mail"}) as service,
    ):
        yield service


@pytest.fixture(scope="module")
def identities(service: Service, folder: Path) -> Mapping[str, Identity]:
    return asyncio.run(make_identities(service.site, folder, tokens_count=_TOKENS))


@pytest.fixture(scope="module")
def outcomes(
    service: Service, identities: Mapping[str, Identity], folder: Path
) -> Mapping[str, Outcome]:
    """One run for each identity, two at a time, the longest from the start."""

    def run(name: str) -> Outcome:
        return run_schemathesis(
            service.site.gateway_url,
            identities[name],
            folder,
            phases=_phases(name),
            max_examples=EXAMPLES,
            seed=SEED,
        )

    names = sorted(IDENTITIES, key=lambda name: name != _THOROUGH)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(names, pool.map(run, names), strict=True))


@pytest.mark.parametrize("name", IDENTITIES)
def test_every_answer_is_one_that_the_specification_promises(
    name: str, outcomes: Mapping[str, Outcome]
) -> None:
    outcome = outcomes[name]
    assert outcome.exit_code == 0, outcome.output
    assert outcome.phases == dict.fromkeys(_phases(name), "success"), outcome.output
    print(f"{name}: {outcome.sent} requests")


@pytest.mark.parametrize("name", IDENTITIES)
def test_who_may_call_is_not_refused_everything(name: str, outcomes: Mapping[str, Outcome]) -> None:
    assert {op: outcomes[name].accepted(op) > 0 for op in _GIVEN[name]} == dict.fromkeys(
        _GIVEN[name], True
    )


def test_nothing_went_wrong_inside(outcomes: Mapping[str, Outcome], service: Service) -> None:
    assert set(outcomes) == set(_GIVEN) and NOBODY in outcomes  # noqa: PT018 - all have run
    for process in (service.core, service.gateway):
        assert [line for line in process.log if line.get("level") == "error"] == []
