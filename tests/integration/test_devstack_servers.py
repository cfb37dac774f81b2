"""Three real servers, and what each of the service's logins may do there."""

import stat

import hvac
import psycopg
import pytest
import redis
from hvac.exceptions import Forbidden
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack.databases import DATABASE
from devstack.provisioning import Provisioned, provision
from devstack.secret_values import MAINTAINER_LOGIN, MAKERS, OWNER_LOGIN, PSEUDONYM_KEY
from devstack.stack import Stack
from devstack.vault_access import BootstrapFiles
from tests.servers import Database, Servers, cloned_database


def test_the_service_reads_a_migrated_database(database: Database) -> None:
    with psycopg.connect(database.service_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


@pytest.mark.parametrize("dsn", ["admin_dsn", "owner_dsn", "service_dsn", "maintainer_dsn"])
@pytest.mark.parametrize("way", ["tcp", "socket"])
def test_a_wrong_password_is_refused(stack: Stack, database: Database, dsn: str, way: str) -> None:
    host = str(stack.postgres.socket_folder) if way == "socket" else "127.0.0.1"
    login = make_conninfo(getattr(database, dsn), host=host)
    psycopg.connect(login).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(login, password="wrong")


def test_the_service_cannot_make_objects(database: Database) -> None:
    with psycopg.connect(database.service_dsn, autocommit=True) as connection:
        for statement in (
            "CREATE TABLE notes (line text)",
            "CREATE TEMPORARY TABLE notes (line text)",
            "CREATE SCHEMA notes",
            "CREATE DATABASE notes",
            "CREATE ROLE notes",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_owner_owns_the_database_and_is_no_superuser(stack: Stack, access: Provisioned) -> None:
    owner = access.owner
    dsn = stack.postgres.dsn(DATABASE, user=owner.username, password=owner.password)
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), rolsuper OR rolcreaterole OR rolcreatedb "
            "FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = user"
        ).fetchone()
    assert row == ("pandora_owner", False)


def test_clones_do_not_see_each_other(servers: Servers, database: Database) -> None:
    with cloned_database(servers) as other:
        with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE here (line text)")
        with psycopg.connect(other.owner_dsn) as connection:
            assert connection.execute("SELECT to_regclass('here')").fetchone() == (None,)


def test_writes_reach_the_disk(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_valkey_admits_nobody_without_a_password(stack: Stack) -> None:
    with (
        redis.Redis(port=stack.valkey.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_valkeys_service_user_keeps_to_its_keys(
    stack: Stack, access: Provisioned, redis_prefix: str
) -> None:
    url = stack.valkey.url(user=access.redis.username, password=access.redis.password)
    with redis.Redis.from_url(url, decode_responses=True) as service:
        service.xadd(f"{redis_prefix}events", {"event": "{}"})
        assert service.xlen(f"{redis_prefix}events") == 1
        assert service.eval("return redis.call('xlen', KEYS[1])", 1, f"{redis_prefix}events") == 1
        for command in (
            ("SET", "foreign", "1"),
            ("FLUSHALL",),
            ("KEYS", "*"),
            ("CONFIG", "GET", "requirepass"),
            ("ACL", "LIST"),
            ("SCRIPT", "FLUSH"),
            ("SHUTDOWN", "NOSAVE"),
            ("DEL", f"{redis_prefix}events"),
            ("XSETID", f"{redis_prefix}events", "9-9"),
            ("XGROUP", "DESTROY", f"{redis_prefix}events", "ledger"),
            ("XGROUP", "SETID", f"{redis_prefix}events", "ledger", "$"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                service.execute_command(*command)


def test_valkey_keeps_everything_and_evicts_nothing(stack: Stack) -> None:
    with redis.Redis.from_url(stack.valkey.url(), decode_responses=True) as administrator:
        assert administrator.config_get("appendonly", "maxmemory-policy") == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }


def _logged_in(stack: Stack, files: BootstrapFiles) -> hvac.Client:
    client = hvac.Client(stack.openbao.address)
    client.auth.approle.login(files.role_id.read_text(), files.secret_id.read_text())
    return client


def _read(client: hvac.Client, prefix: str, name: str) -> object:
    answer = client.secrets.kv.v2.read_secret_version(
        f"{prefix}/{name}", raise_on_deleted_version=True
    )
    return answer["data"]["data"]


def test_the_service_reads_every_secret_but_those_of_others(
    stack: Stack, access: Provisioned
) -> None:
    client = _logged_in(stack, access.service_files)
    others = {OWNER_LOGIN, MAINTAINER_LOGIN, PSEUDONYM_KEY}
    for name in MAKERS.keys() - others:
        assert _read(client, access.prefix, name)
    for name in others:
        with pytest.raises(Forbidden):
            _read(client, access.prefix, name)


def test_the_migrator_reads_the_owners_login_alone(stack: Stack, access: Provisioned) -> None:
    client = _logged_in(stack, access.migrator_files)
    assert _read(client, access.prefix, OWNER_LOGIN)
    for name in MAKERS.keys() - {OWNER_LOGIN}:
        with pytest.raises(Forbidden):
            _read(client, access.prefix, name)


def test_the_maintainer_reads_its_own_login_alone(stack: Stack, access: Provisioned) -> None:
    client = _logged_in(stack, access.maintainer_files)
    assert _read(client, access.prefix, MAINTAINER_LOGIN)
    for name in MAKERS.keys() - {MAINTAINER_LOGIN}:
        with pytest.raises(Forbidden):
            _read(client, access.prefix, name)


def test_the_service_can_neither_write_nor_list_secrets(stack: Stack, access: Provisioned) -> None:
    client = _logged_in(stack, access.service_files)
    with pytest.raises(Forbidden):
        client.secrets.kv.v2.create_or_update_secret(f"{access.prefix}/redis", {"username": "x"})
    with pytest.raises(Forbidden):
        client.secrets.kv.v2.list_secrets(access.prefix)
    with pytest.raises(Forbidden):
        client.sys.list_auth_methods()


def test_secrets_lie_in_private_files(stack: Stack, access: Provisioned) -> None:
    files = [stack.openbao.init_file, access.service_files.role_id, access.service_files.secret_id]
    files += [access.migrator_files.role_id, access.migrator_files.secret_id]
    files += (stack.root / "admin").iterdir()
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_provisioning_again_changes_nothing(stack: Stack, access: Provisioned) -> None:
    files = (access.service_files.secret_id, access.migrator_files.secret_id)
    before = [file.read_text() for file in files]
    assert provision(stack) == access
    assert [file.read_text() for file in files] == before


def test_another_prefix_has_secrets_of_its_own(
    stack: Stack, access: Provisioned, vault_path: str
) -> None:
    other = provision(stack, prefix=vault_path, bootstrap=stack.root / vault_path)
    assert other.redis == access.redis
    assert other.admin_password != access.admin_password
    client = _logged_in(stack, other.service_files)
    assert _read(client, vault_path, "page-token-key")
    with pytest.raises(Forbidden):
        _read(client, access.prefix, "page-token-key")
