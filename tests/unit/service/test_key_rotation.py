"""A rotation is never in use without a row that names it, and no row says what was not done."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditEntry, AuditOutcome, ResourceType
from core.domain.caller import ActorType, Caller, Origin
from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.signing_key import KeyRotationPolicy, KeyState, StoredKey
from core.service.key_rotation import KeyRotation
from core.service.recording import Recorder
from tests.fakes.clock import START, FakeClock
from tests.fakes.database import FakeDatabase
from tests.fakes.ids import FakeIds
from tests.fakes.signing_keys import FakeSigningKeyMint, FakeSigningKeyStore

SYSTEM = Caller(
    origin=Origin(request_id="operator", trace_id="0" * 32), actor_type=ActorType.SYSTEM
)
POLICY = KeyRotationPolicy(
    announcement_seconds=340, longest_token_seconds=3600, clock_skew_seconds=5
)
FIRST = StoredKey(kid="first", private_key_pem="first half", published_at=START, signs_from=START)
BEGUN = (AuditAction.KEY_ROTATE_BEGIN, AuditOutcome.SUCCESS, None)
DONE = (AuditAction.KEY_ROTATE, AuditOutcome.SUCCESS, None)
LOST = (AuditAction.KEY_ROTATE, AuditOutcome.FAILURE, "DEPENDENCY_UNAVAILABLE")
REFUSED = (AuditAction.KEY_ROTATE, AuditOutcome.FAILURE, "CONFLICT")


@dataclass(kw_only=True)
class Scene:
    """A service whose keys an operator looks after."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    store: FakeSigningKeyStore = field(default_factory=lambda: FakeSigningKeyStore(FIRST))

    @property
    def rotation(self) -> KeyRotation:
        return KeyRotation(
            database=self.database,
            store=self.store,
            mint=FakeSigningKeyMint(),
            policy=POLICY,
            recorder=Recorder(clock=self.clock, ids=self.ids),
            clock=self.clock,
        )

    async def announce(self, *, force: bool = False) -> dict[str, KeyState]:
        after = await self.rotation.announce(force=force, caller=SYSTEM)
        return {key.kid: key.state for key in after}

    @property
    def kids(self) -> list[str]:
        return [key.kid for key in self.store.keys]

    @property
    def entries(self) -> list[AuditEntry]:
        return list(self.database.audit_entries)

    @property
    def rows(self) -> list[tuple[AuditAction, AuditOutcome, str | None]]:
        return [(entry.action, entry.outcome, entry.reason) for entry in self.entries]


async def test_a_new_key_is_announced_and_the_operator_is_shown_all_of_them() -> None:
    scene = Scene()
    assert await scene.announce() == {"first": KeyState.SIGNING, "made-1": KeyState.ANNOUNCED}
    assert scene.kids == ["first", "made-1"]
    shown = await scene.rotation.statuses()
    assert [key.signs_from for key in shown] == [START, START + timedelta(seconds=340)]
    assert "half" not in repr(shown)


async def test_the_log_names_the_new_key_before_and_after_and_holds_no_secret() -> None:
    scene = Scene()
    await scene.announce()
    assert scene.rows == [BEGUN, DONE]
    for entry in scene.entries:
        assert entry.actor_type is ActorType.SYSTEM
        assert entry.resource_type is ResourceType.SIGNING_KEY
        assert entry.resource_id == entry.details["kid"] == "made-1"
        assert entry.details["signs_from"] == (START + timedelta(seconds=340)).isoformat()
    assert "half" not in repr(scene.entries)


async def test_the_row_of_the_beginning_is_committed_before_any_key_is_touched() -> None:
    scene = Scene()
    seen: list[AuditAction] = []
    scene.store.before_replace = lambda: seen.extend(entry.action for entry in scene.entries)
    await scene.announce()
    assert seen == [AuditAction.KEY_ROTATE_BEGIN]


async def test_a_rotation_under_way_refuses_the_next_unless_it_is_forced() -> None:
    scene = Scene()
    await scene.announce()
    with pytest.raises(Conflict, match="does not sign yet"):
        await scene.announce()
    assert scene.kids == ["first", "made-1"]
    assert scene.rows == [BEGUN, DONE, REFUSED]
    await scene.rotation.announce(force=True, caller=SYSTEM)
    assert len(scene.kids) == 3
    assert scene.entries[-1].details["forced"] is True


async def test_at_once_every_other_key_expires() -> None:
    scene = Scene()
    scene.clock.advance(60)
    after = await scene.rotation.replace_at_once(caller=SYSTEM)
    assert {key.kid: key.state for key in after} == {
        "first": KeyState.EXPIRED,
        "made-1": KeyState.SIGNING,
    }
    assert scene.rows == [BEGUN, DONE]
    assert scene.entries[-1].details["immediately"] is True


async def test_of_two_rotations_at_one_time_one_wins_and_the_other_is_told() -> None:
    scene = Scene()
    scene.store.before_replace = lambda: scene.store.change_behind(FIRST)
    with pytest.raises(Conflict, match="Somebody else"):
        await scene.announce()
    assert scene.kids == ["first"]
    assert scene.rows == [BEGUN, REFUSED]
    assert {entry.resource_id for entry in scene.entries} == {"made-1"}


async def test_without_the_audit_log_no_key_is_touched() -> None:
    scene = Scene()
    scene.database.disconnect()
    with pytest.raises(DependencyUnavailable):
        await scene.announce()
    with pytest.raises(DependencyUnavailable):
        await scene.rotation.replace_at_once(caller=SYSTEM)
    assert scene.kids == ["first"]


async def test_without_the_keys_the_attempt_is_recorded() -> None:
    scene = Scene()
    scene.store.reachable = False
    with pytest.raises(DependencyUnavailable):
        await scene.announce()
    assert scene.rows == [LOST]
    assert scene.entries[0].resource_id is None


async def test_keys_that_cannot_be_replaced_are_recorded_as_a_failure() -> None:
    scene = Scene()

    def lose() -> None:
        scene.store.reachable = False

    scene.store.before_replace = lose
    with pytest.raises(DependencyUnavailable):
        await scene.announce()
    assert scene.rows == [BEGUN, LOST]


async def test_a_replacement_whose_answer_is_lost_is_looked_up() -> None:
    scene = Scene()

    def lose_the_answer() -> None:
        raise DependencyUnavailable("vault")

    scene.store.after_replace = lose_the_answer
    await scene.announce()
    assert scene.kids == ["first", "made-1"]
    assert scene.rows == [BEGUN, DONE]


async def test_an_audit_log_lost_on_the_way_has_named_the_key_before() -> None:
    scene = Scene()
    scene.store.after_replace = scene.database.disconnect
    with pytest.raises(DependencyUnavailable):
        await scene.announce()
    scene.database.mend()
    assert scene.kids == ["first", "made-1"]
    assert scene.rows == [BEGUN]
    assert scene.entries[0].resource_id == "made-1"
