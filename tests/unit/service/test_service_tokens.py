"""Tokens of other services."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditOutcome, ResourceType
from core.domain.caller import ActorType
from core.domain.errors import ValidationFailed
from core.domain.user import Role
from tests.fakes.world import LIFETIMES, World


async def test_a_service_s_token_lives_an_hour_unless_asked_otherwise() -> None:
    world = World()
    claims = world.access_tokens.read(
        await world.use_cases.service_tokens.mint("ledger", caller=world.system)
    )
    assert claims.subject == "service:ledger"
    assert claims.role is Role.SERVICE
    assert claims.session_id is None
    assert claims.kyc_status is None
    assert claims.expires_at - claims.issued_at == timedelta(hours=1)


async def test_minting_keeps_a_record_but_not_the_token() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint(
        "ledger", lifetime_seconds=60, caller=world.system
    )
    (record,) = world.database.tables.service_tokens.values()
    assert record.id == world.access_tokens.read(token).token_id
    assert record.service_name == "ledger"
    assert record.issued_at == world.clock.now()
    assert record.expires_at == world.clock.now() + timedelta(seconds=60)
    assert record.revoked_at is None
    assert token not in repr(world.database.snapshot())


async def test_minting_is_recorded() -> None:
    world = World()
    token = await world.use_cases.service_tokens.mint(
        "ledger", lifetime_seconds=60, caller=world.system
    )
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (
        AuditAction.SERVICE_TOKEN_MINT,
        AuditOutcome.SUCCESS,
    )
    assert (entry.actor_type, entry.actor_id) == (ActorType.SYSTEM, None)
    assert (entry.resource_type, entry.resource_id) == (ResourceType.SERVICE, "ledger")
    assert entry.user_id is None
    token_id = world.access_tokens.read(token).token_id
    assert entry.details == {"token_id": str(token_id), "lifetime_seconds": 60}


@pytest.mark.parametrize("lifetime_seconds", [1, 24 * 3600])
async def test_a_life_within_a_day_is_granted(lifetime_seconds: int) -> None:
    world = World()
    await world.use_cases.service_tokens.mint(
        "ledger", lifetime_seconds=lifetime_seconds, caller=world.system
    )
    (record,) = world.database.tables.service_tokens.values()
    assert record.expires_at - record.issued_at == timedelta(seconds=lifetime_seconds)


@pytest.mark.parametrize("lifetime_seconds", [0, -1, 24 * 3600 + 1])
async def test_any_other_life_is_refused(lifetime_seconds: int) -> None:
    world = World()
    with pytest.raises(ValidationFailed) as caught:
        await world.use_cases.service_tokens.mint(
            "ledger", lifetime_seconds=lifetime_seconds, caller=world.system
        )
    assert caught.value.violations[0].field == "lifetime_seconds"
    assert world.database.steps == []


@pytest.mark.parametrize("name", ["ab", "order-book-2", "a" + "b" * 62])
async def test_a_service_has_a_plain_name(name: str) -> None:
    world = World()
    await world.use_cases.service_tokens.mint(name, caller=world.system)
    assert world.only_audit_entry.resource_id == name


@pytest.mark.parametrize("name", ["", "a", "Ledger", "2fast", "-x", "a_b", "ab\n", "a" * 64])
async def test_anything_else_is_no_name(name: str) -> None:
    world = World()
    with pytest.raises(ValidationFailed):
        await world.use_cases.service_tokens.mint(name, caller=world.system)
    with pytest.raises(ValidationFailed):
        await world.use_cases.service_tokens.revoke(name, caller=world.system)
    assert world.database.steps == []


async def test_revoking_ends_every_living_token_of_one_service() -> None:
    world = World()
    service_tokens = world.use_cases.service_tokens
    expired = await service_tokens.mint("ledger", lifetime_seconds=60, caller=world.system)
    world.clock.advance(60)
    ledger = [await service_tokens.mint("ledger", caller=world.system) for _ in range(2)]
    wallet = await service_tokens.mint("wallet", caller=world.system)
    world.forget_the_past()
    assert await service_tokens.revoke("ledger", caller=world.system) == 2
    introspect = world.use_cases.introspection.introspect
    assert [await introspect(token) for token in (expired, *ledger)] == [None, None, None]
    assert await introspect(wallet) is not None
    entry = world.only_audit_entry
    assert (entry.action, entry.resource_id) == (AuditAction.SERVICE_TOKEN_REVOKE, "ledger")
    assert entry.details == {"revoked_tokens": 2}


async def test_revoking_nothing_leaves_no_trace() -> None:
    world = World()
    before = world.database.snapshot()
    assert await world.use_cases.service_tokens.revoke("ledger", caller=world.system) == 0
    assert world.database.snapshot() == before


async def test_an_operator_can_allow_shorter_lives_only() -> None:
    world = World(replace(LIFETIMES, service_token_max_seconds=60))
    service_tokens = world.use_cases.service_tokens
    assert await service_tokens.mint("ledger", lifetime_seconds=60, caller=world.system)
    with pytest.raises(ValidationFailed):
        await service_tokens.mint("ledger", lifetime_seconds=61, caller=world.system)
