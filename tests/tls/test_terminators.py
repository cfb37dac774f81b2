"""TLS before PostgreSQL and Valkey: every way in that clients know, and none without TLS."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack.certificates import Certificates
from devstack.ports import HOST
from devstack.stack import Stack
from tests.tls.bad_certificates import StrangeAuthority, renew

pytestmark = pytest.mark.long

_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_STARTUP = struct.pack("!II", 8, 196608)
_LONG = 3_000_000


@contextmanager
def _plain(port: int) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), timeout=10) as connection:
        yield connection


def _all(connection: socket.socket) -> bytes:
    """Read to the end; a reset is one."""
    heard = b""
    try:
        while more := connection.recv(4096):
            heard += more
    except ConnectionResetError:
        pass
    return heard


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
def test_postgres_is_reached_in_both_ways_of_turning_to_tls(
    tls_stack: Stack, negotiation: str
) -> None:
    dsn = make_conninfo(tls_stack.postgres.dsn("postgres"), sslnegotiation=negotiation)
    with psycopg.connect(dsn) as connection:
        assert connection.pgconn.ssl_in_use
        # Longer than any buffer on the way, and one way waits for the other.
        for statement in ("SELECT repeat('x', %s)", "SELECT repeat('y', length(repeat('x', %s)))"):
            row = connection.execute(statement, [_LONG]).fetchone()
            assert row is not None
            assert len(row[0]) == _LONG
        text = "z" * _LONG
        assert connection.execute("SELECT length(%s)", [text]).fetchone() == (_LONG,)


@pytest.mark.parametrize("way", ["cancel", "cancel_safe"])
def test_a_statement_is_cancelled_from_another_connection(tls_stack: Stack, way: str) -> None:
    """The former says it in the clear, as PostgreSQL allows; the latter within TLS."""
    dsn = tls_stack.postgres.dsn("postgres")
    with psycopg.connect(dsn, autocommit=True) as sleeper, psycopg.connect(dsn) as watcher:
        cancelling = threading.Thread(target=_cancel_once_asleep, args=(watcher, sleeper, way))
        cancelling.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            sleeper.execute("SELECT pg_sleep(60)")
        cancelling.join()
        assert sleeper.execute("SELECT 1").fetchone() == (1,)


def _cancel_once_asleep(watcher: psycopg.Connection, sleeper: psycopg.Connection, way: str) -> None:
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    while watcher.execute(asleep, [sleeper.info.backend_pid]).fetchone() != (1,):
        watcher.rollback()
    getattr(sleeper, way)()


def test_postgres_refuses_a_start_in_the_clear(tls_stack: Stack) -> None:
    dsn = make_conninfo(tls_stack.postgres.dsn("postgres"), sslmode="disable")
    with pytest.raises(psycopg.OperationalError, match="accepts no unencrypted connection"):
        psycopg.connect(dsn)


def test_what_is_slipped_in_before_tls_ends_the_connection(tls_stack: Stack) -> None:
    with _plain(tls_stack.postgres.port) as connection:
        connection.sendall(_SSL_REQUEST + _STARTUP)
        assert _all(connection) == b"S"


@pytest.mark.parametrize("said", [b"", b"\0\0\0", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"])
def test_whoever_speaks_otherwise_is_let_go_and_others_are_served(
    tls_stack: Stack, said: bytes
) -> None:
    for server in (tls_stack.postgres, tls_stack.valkey):
        with _plain(server.port) as connection:
            with suppress(OSError):  # the other side may have hung up in the middle of it
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
            assert b"+" not in _all(connection)
    psycopg.connect(tls_stack.postgres.dsn("postgres")).close()


def test_valkey_is_reached_by_tls_alone(tls_stack: Stack) -> None:
    with redis.Redis.from_url(tls_stack.valkey.url()) as client:
        assert client.set("pandora.test.long", "x" * _LONG)
        assert len(client.get("pandora.test.long") or b"") == _LONG
        client.delete("pandora.test.long")
    plain = tls_stack.valkey.url().replace("rediss://", "redis://").partition("?")[0]
    with (
        redis.Redis.from_url(plain, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()


def test_a_stranger_is_not_trusted_and_a_wrong_name_neither(
    tls_stack: Stack, tmp_path: Path
) -> None:
    strange = StrangeAuthority().write_root(tmp_path / "root.pem")
    dsn = tls_stack.postgres.dsn("postgres")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(make_conninfo(dsn, sslrootcert=str(strange)))
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(make_conninfo(dsn, host="elsewhere.example", hostaddr=HOST))
    context = ssl.create_default_context(cafile=strange)
    with (
        _plain(tls_stack.valkey.port) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(connection, server_hostname="localhost")


@pytest.mark.parametrize("protocol", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_is_refused(tls_stack: Stack, protocol: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = protocol
    for port in (tls_stack.valkey.port, tls_stack.openbao.port):
        with _plain(port) as connection, pytest.raises(ssl.SSLError, match=r"(?i)version|EOF"):
            context.wrap_socket(connection)


def test_a_replaced_certificate_is_shown_and_connections_live_on(
    tls_stack: Stack, certificates: Certificates
) -> None:
    address = (HOST, tls_stack.valkey.port)
    trust = str(certificates.authority)
    old = ssl.get_server_certificate(address, ca_certs=trust)
    with redis.Redis.from_url(tls_stack.valkey.url(), retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
        identity = client.client_id()
        renew(tls_stack, certificates, "valkey")
        assert ssl.get_server_certificate(address, ca_certs=trust) != old
        assert client.client_id() == identity


def test_a_key_that_does_not_fit_yet_leaves_the_old_pair_in_use(
    tls_stack: Stack, certificates: Certificates
) -> None:
    files = certificates.of("valkey")
    key = files.key.read_text()
    files.key.write_text(certificates.of("core").key.read_text())
    try:
        with redis.Redis.from_url(tls_stack.valkey.url(), retry=Retry(NoBackoff(), 0)) as client:
            assert client.ping()
    finally:
        files.key.write_text(key)
