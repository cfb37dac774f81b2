"""A symmetric key may have others beside it: the one before, or the next one."""

import base64

import pytest

from core.vault.errors import SecretMalformed
from core.vault.secrets import REFRESH_TOKEN_KEY

KEYS = [number.to_bytes(32, "big") for number in range(1, 4)]
FIRST, SECOND, THIRD = (base64.b64encode(key).decode() for key in KEYS)


def test_the_first_key_is_followed_by_the_others_in_their_order() -> None:
    assert REFRESH_TOKEN_KEY.parsed({"key": FIRST}) == (KEYS[0],)
    assert REFRESH_TOKEN_KEY.parsed({"key": FIRST, "other_keys": []}) == (KEYS[0],)
    content = {"key": SECOND, "other_keys": [FIRST, THIRD]}
    assert REFRESH_TOKEN_KEY.parsed(content) == (KEYS[1], KEYS[0], KEYS[2])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"other_keys": [FIRST]}, "key must be text"),
        ({"key": FIRST, "other_keys": SECOND}, "other_keys must be a list of texts"),
        ({"key": FIRST, "other_keys": None}, "other_keys must be a list of texts"),
        ({"key": FIRST, "other_keys": [5]}, "other_keys must be a list of texts"),
        ({"key": FIRST, "other_keys": ["!"]}, "each of other_keys must be base64"),
        ({"key": FIRST, "other_keys": ["AAAA"]}, "each of other_keys must have 32 bytes"),
        (
            {"key": FIRST, "other_keys": [SECOND, FIRST]},
            "other_keys must differ from each other and from key",
        ),
    ],
)
def test_any_other_form_is_malformed_and_not_quoted(
    content: dict[str, object], complaint: str
) -> None:
    with pytest.raises(SecretMalformed) as refused:
        REFRESH_TOKEN_KEY.parsed(content)
    assert str(refused.value) == f"Vault's secret refresh-token-key is malformed: {complaint}"
