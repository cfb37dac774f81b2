"""Who calls: nobody, and people and services with a supply of tokens each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.domain.user import Role
from tests.conformance.hooks import IDENTITY_VARIABLE, PEOPLE_VARIABLE, TOKENS_VARIABLE
from tests.e2e.accounts import open_accounts
from tests.e2e.site import Site

NOBODY: Final = "nobody"
IDENTITIES: Final = (NOBODY, Role.USER.value, Role.ADMIN.value, Role.SERVICE.value)
_ME: Final = "me"
_PEOPLE_COUNT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a run's hooks are told in their environment."""

    name: str
    environment: Mapping[str, str]


async def make_identities(site: Site, folder: Path, *, tokens_count: int) -> dict[str, Identity]:
    """Make accounts with sessions, and somebody to be called about.

    Accounts are as cheap as rows: they have no password that anyone would hash.
    """
    identities = {NOBODY: Identity(name=NOBODY, environment={})}
    async with open_accounts(site) as accounts, accounts.database.transaction() as unit:
        people = [(await accounts.create(unit)).id for _ in range(_PEOPLE_COUNT)]
        tokens: dict[Role, list[str]] = {role: [] for role in (Role.USER, Role.ADMIN)}
        for role, minted in tokens.items():
            for _ in range(tokens_count):
                minted.append((await accounts.create(unit, role)).access_token)
        services = [await accounts.service_token(unit, f"conformance-{n}") for n in range(3)]
        await unit.commit()
    about = {Role.USER: [_ME], Role.ADMIN: [*people, _ME], Role.SERVICE: people}
    for role, minted in (*tokens.items(), (Role.SERVICE, services)):
        file = folder / f"{role.value}.tokens"
        file.write_text("\n".join(minted))
        identities[role.value] = Identity(
            name=role.value,
            environment={
                IDENTITY_VARIABLE: role.value,
                TOKENS_VARIABLE: str(file),
                PEOPLE_VARIABLE: ",".join(about[role]),
            },
        )
    return identities
