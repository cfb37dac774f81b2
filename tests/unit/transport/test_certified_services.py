"""A client certificate whose URI names a service makes the caller that service, and no more."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from cryptography import x509

from core.config.service_identities import ServiceIdentity
from core.domain.user import Role
from core.middleware.access_rule import AccessRuleInvalid, access_rules
from core.middleware.client_certificate import CertifiedServices
from core.transport.services import SERVICES
from pandora.user.v1 import auth_service_pb2, user_pb2, user_service_pb2
from pandora.user.v1.auth_service_pb2_grpc import AuthServiceStub
from pandora.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.certificates import Issued
from tests.unit.middleware.door import Refusal
from tests.unit.transport.core_server import refused
from tests.unit.transport.tls_core import GATEWAY, TRADING, TlsCore, tls_core

pytestmark = pytest.mark.asyncio

MAPPED = (f"{TRADING} trading",)
FORWARDED = (("x-client-address", "203.0.113.7"),)
EVERY_RPC = " ".join(
    f"{service.name}/{method.name}" for service in SERVICES for method in service.methods
)


async def _asks(
    tls: TlsCore, client: Issued, metadata: Sequence[tuple[str, str]] = ()
) -> Refusal | user_pb2.User:
    """Ask for a person's account; return it, or why not."""
    ada = await tls.core.user(f"{uuid4().hex}@example.com")
    request = user_service_pb2.GetUserRequest(user_id=ada.id)
    async with tls.channel(client) as channel:
        users = UserServiceStub(channel)
        try:
            answer = await users.GetUser(request, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return Refusal.of(error)
    found: user_pb2.User = answer.user
    return found


def _reason(outcome: Refusal | user_pb2.User) -> str | None:
    return outcome.reason if isinstance(outcome, Refusal) else "answered"


async def test_a_certificate_alone_is_the_service_that_it_names(tmp_path: Path) -> None:
    async with tls_core(tmp_path, identities=MAPPED) as tls:
        assert _reason(await _asks(tls, tls.authority.named(TRADING))) == "answered"
        calls = [entry for entry in tls.core.log.entries if entry.get("actor_id")]
    assert {entry["actor_id"] for entry in calls} >= {"service:trading"}


async def test_whatever_else_looks_like_the_uri_is_nobody(tmp_path: Path) -> None:
    async with tls_core(tmp_path, identities=MAPPED) as tls:
        issue, uri = tls.authority.issue, x509.UniformResourceIdentifier
        others = {
            "another URI": issue(uri("spiffe://pandora.exchange/other")),
            "a longer URI": issue(uri(f"{TRADING}/x")),
            "another letter case": issue(uri(TRADING.upper())),
            "a DNS name": issue(x509.DNSName(TRADING)),
            "an e-mail address": issue(x509.RFC822Name(TRADING)),
            "a common name": issue(common_name=TRADING),
            "one of two URIs": issue(uri(TRADING), uri("spiffe://pandora.exchange/other")),
            "no name": issue(),
        }
        outcomes = {
            name: _reason(await _asks(tls, certificate)) for name, certificate in others.items()
        }
    assert outcomes == dict.fromkeys(others, "TOKEN_MISSING")


async def test_a_token_beside_the_certificate_is_who_calls(tmp_path: Path) -> None:
    async with tls_core(tmp_path, identities=MAPPED) as tls:
        trading = tls.authority.named(TRADING)
        bob = await tls.core.user("bob@example.com")
        assert _reason(await _asks(tls, trading, bob.credentials)) == "PERMISSION_DENIED"
        wrong = (("authorization", "Bearer nonsense"),)
        assert _reason(await _asks(tls, trading, wrong)) == "TOKEN_INVALID"
        other = (("authorization", "Basic dHJhZGluZzo="),)
        assert _reason(await _asks(tls, trading, other)) == "TOKEN_MISSING"


async def test_what_is_forwarded_for_somebody_is_never_the_forwarders(tmp_path: Path) -> None:
    async with tls_core(tmp_path, identities=MAPPED) as tls:
        assert _reason(await _asks(tls, tls.authority.named(TRADING), FORWARDED)) == "TOKEN_MISSING"


async def test_a_mapping_narrows_what_a_service_may_call(tmp_path: Path) -> None:
    narrow = f"{TRADING} trading KycService/GetKyc"
    async with tls_core(tmp_path, identities=(narrow,)) as tls:
        trading = tls.authority.named(TRADING)
        assert _reason(await _asks(tls, trading)) == "PERMISSION_DENIED"
    (tmp_path / "again").mkdir()
    wide = f"{TRADING} trading KycService/GetKyc UserService/GetUser"
    async with tls_core(tmp_path / "again", identities=(wide,)) as tls:
        assert _reason(await _asks(tls, tls.authority.named(TRADING))) == "answered"


async def test_no_mapping_grants_what_the_contract_does_not(tmp_path: Path) -> None:
    granted = {
        method for method, rule in access_rules(SERVICES).items() if Role.SERVICE in rule.roles
    }
    async with (
        tls_core(tmp_path, identities=(f"{TRADING} trading {EVERY_RPC}",)) as tls,
        tls.channel(tls.authority.named(TRADING)) as channel,
    ):
        for method, rule in access_rules(SERVICES).items():
            if rule.anyone or method in granted:
                continue
            # An empty message: permission is checked before anything is read of it.
            ask: Any = channel.unary_stream(f"/{method}")
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await ask(b"").read()
            assert Refusal.of(refusal.value).reason == "PERMISSION_DENIED", method
    assert "pandora.user.v1.UserService/ListUsers" not in granted


async def test_a_mapping_to_an_rpc_that_does_not_exist_stops_the_start() -> None:
    identity = ServiceIdentity.parse(f"{TRADING} trading UserService/GetUsers")
    with pytest.raises(AccessRuleInvalid, match="no such RPC to narrow trading to"):
        CertifiedServices.of([identity], SERVICES)


async def test_only_a_trusted_certificate_says_for_whom_it_calls(tmp_path: Path) -> None:
    async with tls_core(tmp_path, trusted_peers=(GATEWAY,)) as tls:
        for client in (GATEWAY, TRADING):
            async with tls.channel(tls.authority.named(client)) as channel:
                auth = AuthServiceStub(channel)
                login = auth_service_pb2.LoginRequest(
                    email=f"{client[-7:]}@x.example", password="x"
                )
                await refused(auth.Login(login, metadata=FORWARDED))
        entries = tls.core.world.database.audit_entries
    assert [entry.ip_address for entry in entries] == ["203.0.113.7", "127.0.0.1"]
