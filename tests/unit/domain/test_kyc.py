"""Which KYC status may follow which."""

from itertools import product

import pytest

from core.domain.errors import KycReasonRequired, KycTransitionNotAllowed
from core.domain.kyc import KycStatus, check_transition

PENDING, VERIFIED, REJECTED = KycStatus.PENDING, KycStatus.VERIFIED, KycStatus.REJECTED

ALLOWED = [(PENDING, VERIFIED), (PENDING, REJECTED), (REJECTED, PENDING), (VERIFIED, PENDING)]
REFUSED = [pair for pair in product(KycStatus, repeat=2) if pair not in ALLOWED]


def test_every_pair_is_either_allowed_or_refused() -> None:
    assert len(ALLOWED) + len(REFUSED) == 9


@pytest.mark.parametrize(("current", "wanted"), ALLOWED)
def test_an_allowed_step_passes(current: KycStatus, wanted: KycStatus) -> None:
    check_transition(current, wanted, "because")


@pytest.mark.parametrize(("current", "wanted"), REFUSED)
@pytest.mark.parametrize("reason", [None, "because"])
def test_any_other_step_is_refused_whatever_the_reason(
    current: KycStatus, wanted: KycStatus, reason: str | None
) -> None:
    with pytest.raises(KycTransitionNotAllowed) as caught:
        check_transition(current, wanted, reason)
    assert current.value in str(caught.value)
    assert wanted.value in str(caught.value)


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_a_rejection_needs_a_reason(reason: str | None) -> None:
    with pytest.raises(KycReasonRequired):
        check_transition(PENDING, REJECTED, reason)


@pytest.mark.parametrize(
    ("current", "wanted"), [pair for pair in ALLOWED if pair[1] is not REJECTED]
)
def test_nothing_else_needs_a_reason(current: KycStatus, wanted: KycStatus) -> None:
    check_transition(current, wanted, None)
