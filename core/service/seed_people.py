"""People who do not exist, for development. Their addresses lead nowhere (RFC 2606)."""

from dataclasses import dataclass

from core.domain.kyc import KycStatus
from core.domain.user import Role

PENDING, VERIFIED, REJECTED = KycStatus.PENDING, KycStatus.VERIFIED, KycStatus.REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPerson:
    """A mock account, and the decisions of KYC that follow its registration."""

    email: str
    full_name: str
    role: Role = Role.USER
    decisions: tuple[KycStatus, ...] = ()


COMPLIANCE = SeedPerson(
    email="compliance@pandora.example", full_name="Nadia Haddad", role=Role.COMPLIANCE
)
SUPPORT = SeedPerson(email="support@pandora.example", full_name="Tomás Oliveira", role=Role.SUPPORT)

PEOPLE = (
    SeedPerson(email="ada.byron@pandora.example", full_name="Ada Byron", decisions=(VERIFIED,)),
    SeedPerson(email="jose.nunez@pandora.example", full_name="José Núñez"),
    SeedPerson(email="li.na@pandora.example", full_name="李娜", decisions=(VERIFIED,)),
    SeedPerson(email="sato.yuki@pandora.example", full_name="佐藤 ゆき", decisions=(REJECTED,)),
    SeedPerson(email="kim.minjun@pandora.example", full_name="김민준"),
    SeedPerson(
        email="olena.shevchuk@pandora.example",
        full_name="Олена Шевчук",
        decisions=(REJECTED, PENDING, VERIFIED),
    ),
    SeedPerson(email="layla.mansour@pandora.example", full_name="ليلى منصور"),
    SeedPerson(
        email="noa.levi@pandora.example", full_name="נועה לוי", decisions=(REJECTED, PENDING)
    ),
    SeedPerson(email="priya.sharma@pandora.example", full_name="प्रिया शर्मा", decisions=(VERIFIED,)),
    SeedPerson(
        email="eleni.pappa@pandora.example",
        full_name="Ελένη Παππά",
        decisions=(VERIFIED, PENDING),
    ),
    SeedPerson(email="somchai.jaidee@pandora.example", full_name="สมชาย ใจดี"),
    SeedPerson(
        email="jurgen.grosse@pandora.example", full_name="Jürgen Große", decisions=(REJECTED,)
    ),
)
