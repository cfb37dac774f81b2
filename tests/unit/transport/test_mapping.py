from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transport.mapping.enums import EnumMismatch, EnumTable, check_enums
from core.transport.mapping.times import to_bound, to_optional_timestamp, to_timestamp
from pandora.user.v1 import kyc_pb2

moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_a_time_survives_the_way_there_and_back(moment: datetime) -> None:
    assert to_bound(to_timestamp(moment), field="from_time") == moment


@given(moments, st.integers(1, 999))
def test_a_fraction_of_a_microsecond_changes_no_comparison(moment: datetime, nanos: int) -> None:
    timestamp = to_timestamp(moment.replace(microsecond=min(moment.microsecond, 999_998)))
    timestamp.nanos += nanos

    bound = to_bound(timestamp, field="from_time")

    assert bound == to_bound(to_timestamp(bound), field="from_time")
    assert bound - moment.replace(microsecond=min(moment.microsecond, 999_998)) == timedelta(
        microseconds=1
    )


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 3, 14, 11, 0, tzinfo=timezone(timedelta(hours=2)))

    assert to_timestamp(moment) == to_timestamp(moment.astimezone(UTC))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        to_timestamp(datetime(2026, 3, 14))  # noqa: DTZ001 - that is the point


def test_an_absent_time_stays_absent() -> None:
    assert to_optional_timestamp(None) is None


def test_contract_and_domain_know_the_same_values() -> None:
    check_enums()


class Poorer(Enum):
    PENDING = "pending"
    VERIFIED = "verified"


class Richer(Enum):
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"
    FORGOTTEN = "forgotten"


@pytest.mark.parametrize(
    ("domain", "left_over"), [(Poorer, "KYC_STATUS_REJECTED"), (Richer, "KYC_STATUS_FORGOTTEN")]
)
def test_a_value_on_one_side_only_stops_the_start(domain: type[Enum], left_over: str) -> None:
    table = EnumTable(domain, kyc_pb2.KycStatus, prefix="KYC_STATUS_")

    with pytest.raises(EnumMismatch, match=left_over):
        table.check()
