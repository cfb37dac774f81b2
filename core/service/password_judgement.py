"""What a login does with the presented password: compare it, and keep its hash up to date."""

from dataclasses import dataclass, field

from core.domain.audit import AuditDetails
from core.domain.errors import ServerBusy
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.password_hash import Verdict
from core.domain.ports.crypto import PasswordHasher
from core.domain.user import Credentials
from core.service.mailing import Mailing
from core.service.recording import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPassword:
    """A comparison and what it was made with; `renewed_hash` is to take the old one's place."""

    credentials: Credentials | None
    verdict: Verdict
    renewed_hash: str | None = field(default=None, repr=False)

    @property
    def accepted(self) -> Credentials | None:
        """The account whose password it is; None where there is none, or another password."""
        return self.credentials if self.verdict is Verdict.RIGHT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordJudgement:
    """Compares passwords, and renews hashes that were made elsewhere or with old parameters."""

    hasher: PasswordHasher
    mailing: Mailing

    def ensure_capacity(self) -> None:
        """Refuse what would be refused at the comparison, before anything is looked up for it.

        Raises:
            ServerBusy: no password could be compared in time.
        """
        self.hasher.ensure_capacity()

    async def judge(self, credentials: Credentials | None, password: str) -> JudgedPassword:
        """Compare a password; None costs the same work as a wrong password.

        Both hashings take their time on purpose, so no unit of work is open. The second one comes
        after a right password alone: it tells nobody anything that they did not know.

        Raises:
            ServerBusy: too many passwords wait to be verified.
        """
        stored = None if credentials is None else credentials.hashed_password
        verdict = await self.hasher.judge(stored, password)
        renewed = None
        if credentials is not None and verdict is Verdict.RIGHT:
            renewed = await self._renewed(credentials, password)
        return JudgedPassword(credentials=credentials, verdict=verdict, renewed_hash=renewed)

    async def renew(self, record: Record, judged: JudgedPassword) -> AuditDetails:
        """Store the new hash, if there is one; return what the login's audit row says of it.

        The person's row is locked. A hash that is not the compared one any more is left alone.
        """
        if judged.credentials is None or judged.renewed_hash is None:
            return {}
        replaced = await record.unit.users.replace_password_hash(
            judged.credentials.user.id,
            old=judged.credentials.hashed_password,
            new=judged.renewed_hash,
        )
        return {"password_rehashed": True} if replaced else {}

    async def lead_to_reset(self, record: Record, judged: JudgedPassword) -> AuditDetails:
        """Send the way to a new password where an imported hash cannot read the one that came.

        What the hash can read of it was right, so the mail goes to whoever the old system would
        have let in; nobody else can make us send it. The person's row is locked from here on.
        """
        if judged.credentials is None or judged.verdict is not Verdict.CUT:
            return {}
        await record.unit.users.lock(judged.credentials.user.id)
        await self.mailing.send_token(
            record,
            judged.credentials.user.id,
            TokenPurpose.PASSWORD_RESET,
            MailTemplate.PASSWORD_RESET,
        )
        return {"cause": "password_beyond_72_bytes", "mail": MailTemplate.PASSWORD_RESET.value}

    async def _renewed(self, credentials: Credentials, password: str) -> str | None:
        if not self.hasher.needs_rehash(credentials.hashed_password):
            return None
        try:
            return await self.hasher.hash(password)
        except ServerBusy:
            # The person may come in all the same; a later login renews the hash.
            return None
