"""Key rotation: the next key that signs access tokens takes over from the one before.

The keys lie in one place and the audit log in another, so no transaction covers both. The log is
written around the change: that a rotation begins, with the id of the new key, before any key is
touched, and how it ended afterwards. Whatever fails in between, no key is in use that the log does
not name, and no row says that something was done which was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.audit import AuditAction, AuditDetails
from core.domain.caller import Caller
from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.ports.signing_keys import KeySet, SigningKeyMint, SigningKeyStore
from core.domain.ports.unit_of_work import Database
from core.domain.signing_key import KeyRotationPolicy, KeyStatus, StoredKey, statuses
from core.service.recording import Affected, Recorder, no_signing_key, the_signing_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotation:
    """Shows the keys' times, never the keys, and rotates them."""

    database: Database
    store: SigningKeyStore
    mint: SigningKeyMint
    policy: KeyRotationPolicy
    recorder: Recorder
    clock: Clock

    async def statuses(self) -> Sequence[KeyStatus]:
        """Return what each key does now, in the order of their first signatures."""
        found = await self.store.load()
        return statuses(found.keys, self.clock.now())

    async def announce(self, *, force: bool, caller: Caller) -> Sequence[KeyStatus]:
        """Publish a new key, which signs when everybody has had the time to learn it.

        Raises:
            Conflict: a key is announced that does not sign yet (unless `force`), none signs now,
                or somebody else rotates at the same time.
            DependencyUnavailable: the keys or the audit log are out of reach.
        """
        found = await self._loaded(caller)
        try:
            keys = self.policy.announce(
                found.keys, self.mint.new(), now=self.clock.now(), force=force
            )
        except Conflict as refusal:
            raise await self._refused(no_signing_key(), refusal, caller) from None
        return await self._exchanged(found, keys, {"forced": force}, caller)

    async def replace_at_once(self, *, caller: Caller) -> Sequence[KeyStatus]:
        """Sign with a new key from now on, and let all others expire, with what they signed.

        Raises:
            Conflict: somebody else rotates at the same time.
            DependencyUnavailable: the keys or the audit log are out of reach.
        """
        found = await self._loaded(caller)
        keys = self.policy.replace_at_once(found.keys, self.mint.new(), now=self.clock.now())
        return await self._exchanged(found, keys, {"immediately": True}, caller)

    async def _loaded(self, caller: Caller) -> KeySet:
        try:
            return await self.store.load()
        except DependencyUnavailable as failure:
            raise await self._refused(no_signing_key(), failure, caller) from failure.__cause__

    async def _exchanged(
        self, found: KeySet, keys: Sequence[StoredKey], details: AuditDetails, caller: Caller
    ) -> Sequence[KeyStatus]:
        new = keys[-1]
        affected = the_signing_key(new.kid)
        details = {**details, "kid": new.kid, "signs_from": new.signs_from.isoformat()}
        await self._record(AuditAction.KEY_ROTATE_BEGIN, affected, details, caller)
        try:
            await self._replace(found, keys)
        except (Conflict, DependencyUnavailable) as failure:
            raise await self._refused(affected, failure, caller) from failure.__cause__
        await self._record(AuditAction.KEY_ROTATE, affected, details, caller)
        return statuses(keys, self.clock.now())

    async def _replace(self, found: KeySet, keys: Sequence[StoredKey]) -> None:
        try:
            await self.store.replace(keys, version=found.version)
        except DependencyUnavailable:
            # Perhaps only the answer was lost.
            there = await self.store.load()
            if keys[-1].kid not in {key.kid for key in there.keys}:
                raise

    async def _record(
        self, action: AuditAction, affected: Affected, details: AuditDetails, caller: Caller
    ) -> None:
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            await record.success(action, affected, details=details)
            await unit.commit()

    async def _refused(
        self, affected: Affected, error: Conflict | DependencyUnavailable, caller: Caller
    ) -> Conflict | DependencyUnavailable:
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            return await record.refused(AuditAction.KEY_ROTATE, affected, error)
