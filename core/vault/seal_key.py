"""The key that signs checkpoints of the audit log. It stays in Vault's transit engine."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import hvac
import structlog

from core.domain.errors import DependencyUnavailable
from core.domain.ports.audit_seals import KeySignature
from core.domain.signed_note import NoteSignature, SignatureCheck, VerifierKey
from core.vault.blocking import run_blocking
from core.vault.client import VaultClient
from core.vault.errors import KeyForbidden, VaultError, VaultFaulty

T = TypeVar("T")

DEPENDENCY: Final = "vault"
"""How errors, health and metrics call this dependency."""

_KEY_TYPE: Final = "ed25519"

_log = structlog.get_logger(__name__)


class SealKeyClient(VaultClient):
    """Uses one transit key to sign, or tells its public halves. Blocking; for one thread."""

    def sign(self, key: str, message: bytes) -> tuple[int, bytes]:
        """Return the version of the key that signed, and its signature.

        Raises:
            KeyForbidden: our role may not sign with the key.
            VaultError: no key can be used.
        """
        transit, options = self._hvac.secrets.transit, self._options

        def ask() -> tuple[int, bytes]:
            answer = transit.sign_data(
                key,
                hash_input=base64.b64encode(message).decode("ascii"),
                mount_point=options.transit_mount,
            )
            _, version, signature = answer["data"]["signature"].split(":")
            return int(version.removeprefix("v")), base64.b64decode(signature, validate=True)

        return self._logged_in(lambda: self._allowed(key, ask))

    def public_keys(self, key: str) -> Mapping[int, bytes]:
        """Return the public half of each version of the key, 32 bytes.

        Raises:
            KeyForbidden: our role may not look at the key, or there is none.
            VaultError: no key can be looked at.
        """
        transit, options = self._hvac.secrets.transit, self._options

        def ask() -> Mapping[int, bytes]:
            found = transit.read_key(key, mount_point=options.transit_mount)["data"]
            if found["type"] != _KEY_TYPE:
                raise VaultFaulty(f"Vault's key {key} is of another type than {_KEY_TYPE}")
            return {
                int(version): base64.b64decode(facts["public_key"], validate=True)
                for version, facts in found["keys"].items()
            }

        return self._logged_in(lambda: self._allowed(key, ask))

    def _allowed(self, key: str, ask: Callable[[], T]) -> T:
        with self._translated():
            try:
                return ask()
            except (hvac.exceptions.Forbidden, hvac.exceptions.InvalidPath) as error:
                raise KeyForbidden(f"Vault's key {key} may not be used by our role") from error


class VaultSealKey:
    """Implements the port CheckpointSigner, and tells public keys.

    Each call ends within `timeout_seconds`, whatever Vault does; one call at a time.
    """

    def __init__(
        self,
        new_client: Callable[[], SealKeyClient],
        *,
        key: str,
        check: SignatureCheck,
        timeout_seconds: float,
    ) -> None:
        """Take what makes a client, and the name of the key; the first use logs in."""
        self._new_client = new_client
        self._key = key
        self._check = check
        self._timeout_seconds = timeout_seconds
        self._client: SealKeyClient | None = None
        self._lock = asyncio.Lock()
        self._public: Mapping[int, bytes] = {}

    async def sign(self, text: str, *, name: str) -> KeySignature:
        """Sign a text, and look at what came back before anybody relies on it."""
        message = text.encode()
        version, signature = await self._call(lambda client: client.sign(self._key, message))
        if version not in self._public:
            self._public = await self._call(lambda client: client.public_keys(self._key))
        public = self._public.get(version)
        if public is None or not self._check(public, message, signature):
            _log.error("vault_signs_wrongly", key=self._key, version=version)
            raise DependencyUnavailable(DEPENDENCY, detail="wrong_signature")
        key = VerifierKey(name=name, key=public, version=version)
        note = NoteSignature(key_id=key.key_id, signature=signature)
        return KeySignature(signature=note, key_version=version)

    async def verifier_keys(self, name: str) -> Sequence[VerifierKey]:
        """Return the public half of every version, as a key that signs in the name of a log.

        Raises:
            DependencyUnavailable: they are out of reach.
        """
        found = await self._call(lambda client: client.public_keys(self._key))
        return [
            VerifierKey(name=name, key=public, version=version)
            for version, public in sorted(found.items())
        ]

    async def close(self) -> None:
        """Give the client's token back, as far as Vault is there to take it."""
        client, self._client = self._client, None
        if client is not None:
            closing = run_blocking(client.close, timeout_seconds=self._timeout_seconds)
            await asyncio.gather(closing, return_exceptions=True)

    async def _call(self, work: Callable[[SealKeyClient], T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_seconds), self._lock:
                # Kept once it has come back: a thread left behind may still be at work with it.
                client, self._client = self._client or self._new_client(), None
                return await self._with(client, work)
        except TimeoutError:
            raise DependencyUnavailable(DEPENDENCY, detail="TimeoutError") from None
        except VaultError as error:
            _log.warning("seal_key_unavailable", kind=error.kind, problem=str(error))
            raise DependencyUnavailable(DEPENDENCY, detail=error.kind) from None

    async def _with(self, client: SealKeyClient, work: Callable[[SealKeyClient], T]) -> T:
        try:
            result = await run_blocking(lambda: work(client), timeout_seconds=self._timeout_seconds)
        except VaultError:
            self._client = client
            raise
        self._client = client
        return result
