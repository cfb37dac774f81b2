"""Fills fresh servers with what the service expects to find, and leaves alone what is there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from devstack.database_engine import DATABASE_ROLES
from devstack.databases import DATABASE, Credentials
from devstack.secret_values import (
    CLONE_SOURCE,
    CLONE_TARGET,
    MAINTAINER_LOGIN,
    MAKERS,
    OWNER_LOGIN,
    PERSONAL_DATA_KEY,
    PSEUDONYM_KEY,
    SHARED,
    SIGNING_KEYS,
)
from devstack.stack import Stack
from devstack.vault_access import MOUNT, PREFIX, SEAL_KEY, TOTP_KEY, BootstrapFiles, VaultAccess

SERVICE_ROLE: Final = "user-service"
MIGRATOR_ROLE: Final = "user-service-migrator"
OPERATOR_ROLE: Final = "user-service-operator"
MAINTAINER_ROLE: Final = "user-service-maintainer"
SEALER_ROLE: Final = "user-service-sealer"
CLONER_ROLE: Final = "user-service-cloner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """How to get in: everything under one prefix in OpenBao, and the logins behind it."""

    mount: str
    prefix: str
    service_files: BootstrapFiles
    migrator_files: BootstrapFiles
    operator_files: BootstrapFiles
    maintainer_files: BootstrapFiles
    cloner_files: BootstrapFiles
    sealer_files: BootstrapFiles
    owner: Credentials
    service: Credentials
    maintainer: Credentials
    redis: Credentials
    admin_email: str
    admin_password: str = field(repr=False)
    user_password: str = field(repr=False)


def provision(stack: Stack, *, prefix: str = PREFIX, bootstrap: Path | None = None) -> Provisioned:
    """Make what is missing: mounts, secrets, policies, AppRoles, database roles, the database.

    Another `prefix` gets secrets and AppRoles of its own (with the logins to PostgreSQL and
    Valkey that the first one has); `bootstrap` is the folder for its role_id and secret_id files.
    """
    client = stack.openbao.client()
    vault = VaultAccess(client, prefix)
    vault.mount()
    vault.ensure_key(TOTP_KEY)
    vault.ensure_signing_key(SEAL_KEY)
    if prefix != PREFIX:
        _copy_shared(VaultAccess(client), vault)
    values = {name: _kept(vault, name) for name in MAKERS}
    owner, service, maintainer, redis = (
        Credentials(**values[name]) for name in (OWNER_LOGIN, "postgres", MAINTAINER_LOGIN, "redis")
    )
    if prefix == PREFIX:
        for login in (owner, service, maintainer):
            stack.databases.grant_login(login)
        stack.databases.ensure(DATABASE)
        stack.valkey.grant(user=redis.username, password=redis.password)
    folder = bootstrap or stack.root / "vault"
    service_files = BootstrapFiles.within(folder / SERVICE_ROLE)
    migrator_files = BootstrapFiles.within(folder / MIGRATOR_ROLE)
    operator_files = BootstrapFiles.within(folder / OPERATOR_ROLE)
    maintainer_files = BootstrapFiles.within(folder / MAINTAINER_ROLE)
    sealer_files = BootstrapFiles.within(folder / SEALER_ROLE)
    cloner_files = BootstrapFiles.within(folder / CLONER_ROLE)
    others = {OWNER_LOGIN, MAINTAINER_LOGIN, PSEUDONYM_KEY}
    own = [name for name in MAKERS if name not in others]
    for_service, for_owner, for_maintainer = DATABASE_ROLES
    vault.admit(
        SERVICE_ROLE,
        readable=own,
        keys=[TOTP_KEY],
        verifying=[SEAL_KEY],
        logins=[for_service],
        files=service_files,
    )
    vault.admit(MIGRATOR_ROLE, readable=[OWNER_LOGIN], logins=[for_owner], files=migrator_files)
    vault.admit(OPERATOR_ROLE, readable=[], writable=[SIGNING_KEYS], files=operator_files)
    vault.admit(
        SEALER_ROLE,
        readable=["postgres"],
        signing=[SEAL_KEY],
        logins=[for_service],
        files=sealer_files,
    )
    vault.admit(
        MAINTAINER_ROLE,
        readable=[MAINTAINER_LOGIN],
        logins=[for_maintainer],
        files=maintainer_files,
    )
    vault.admit(
        CLONER_ROLE,
        # Both ends are told to Vault by whoever wants a clone.
        readable=[CLONE_SOURCE, CLONE_TARGET, PSEUDONYM_KEY, PERSONAL_DATA_KEY],
        files=cloner_files,
    )
    return Provisioned(
        mount=MOUNT,
        prefix=prefix,
        service_files=service_files,
        migrator_files=migrator_files,
        operator_files=operator_files,
        maintainer_files=maintainer_files,
        cloner_files=cloner_files,
        sealer_files=sealer_files,
        owner=owner,
        service=service,
        maintainer=maintainer,
        redis=redis,
        **values["dev-seed"],
    )


def _kept(vault: VaultAccess, name: str) -> dict[str, Any]:
    found = vault.read(name)
    if found is None:
        found = MAKERS[name]()
        vault.create(name, found)
    return found


def _copy_shared(source: VaultAccess, target: VaultAccess) -> None:
    for name in SHARED:
        if target.read(name) is None:
            target.create(name, _kept(source, name))
