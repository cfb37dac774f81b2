"""One-time passwords against the RFCs' own examples, and the rules around them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.totp import base32, code_at, matching_step, otpauth_uri, time_step

SECRET = b"12345678901234567890"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = 58_000_000


def at_second(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_examples_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    step = time_step(at_second(seconds))
    assert code_at(SECRET, step, digits=8) == code
    assert code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(
    ("counter", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_the_examples_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert code_at(SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "step"), [(0, 0), (29.999999, 0), (30, 1), (59.999999, 1), (60, 2)]
)
def test_a_step_begins_with_its_first_microsecond(seconds: float, step: int) -> None:
    assert time_step(at_second(seconds)) == step


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        time_step(datetime(2026, 3, 14))  # noqa: DTZ001 - that is the point


def accepted(seconds: float, *, last_used_step: int | None = None) -> int | None:
    code = code_at(SECRET, STEP)
    return matching_step(SECRET, code, now=at_second(seconds), last_used_step=last_used_step)


def test_a_code_is_right_one_step_before_its_time_and_one_after_and_no_longer() -> None:
    first, end = (STEP - 1) * 30, (STEP + 2) * 30
    assert accepted(first - 0.000001) is None
    assert accepted(first) == STEP
    assert accepted(STEP * 30) == STEP
    assert accepted(end - 0.000001) == STEP
    assert accepted(end) is None


def test_a_code_is_right_once_and_none_before_it_afterwards() -> None:
    now = STEP * 30
    assert accepted(now, last_used_step=STEP - 1) == STEP
    assert accepted(now, last_used_step=STEP) is None
    assert accepted(now, last_used_step=STEP + 1) is None


def test_at_the_beginning_of_time_there_is_no_step_before() -> None:
    code = code_at(SECRET, 0)
    assert matching_step(SECRET, code, now=EPOCH, last_used_step=None) == 0


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663", " "])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert matching_step(SECRET, code, now=at_second(STEP * 30), last_used_step=None) is None


@given(
    secret=st.binary(min_size=20, max_size=20),
    seconds=st.integers(0, 2**33),
    distance=st.integers(-4, 4),
)
def test_only_neighbouring_steps_are_ever_accepted(
    secret: bytes, seconds: int, distance: int
) -> None:
    now = at_second(seconds)
    step = time_step(now) + distance
    if step < 0:
        return
    found = matching_step(secret, code_at(secret, step), now=now, last_used_step=None)
    near = [time_step(now) + offset for offset in (-1, 0, 1)]
    if abs(distance) <= 1:
        assert found is not None
    # Two steps may have one code by chance; then the step is the neighbour that has it.
    assert found is None or (found in near and code_at(secret, found) == code_at(secret, step))


def test_a_secret_is_typed_in_without_padding() -> None:
    assert base32(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert base32(b"12") == "GEZA"


@pytest.mark.parametrize(
    ("issuer", "account"),
    [
        ("Pandora Exchange", "ada@example.com"),
        ("A&B=C", "o'hara+x%y@example.com"),
        ("Börse", '"a:b?c#d/e"@ex\xe4mple.com'),
    ],
)
def test_an_authenticator_reads_issuer_account_and_secret_out_of_the_address(
    issuer: str, account: str
) -> None:
    uri = otpauth_uri(SECRET, issuer=issuer, account=account)
    assert uri.isascii()
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    name, _, label = parts.path.removeprefix("/").partition(":")
    assert (unquote(name), unquote(label)) == (issuer, account)
    assert parse_qs(parts.query) == {
        "secret": [base32(SECRET)],
        "issuer": [issuer],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    # A plus sign would be read as one by some and as a blank by others.
    assert "+" not in uri
