"""The list of common passwords that the installed package brings."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.crypto import common_passwords
from core.crypto.common_passwords import CommonPasswordsMissing, load_common_passwords
from core.domain.password_forms import forms, is_predictable


@pytest.fixture(scope="module")
def listed() -> frozenset[str]:
    return load_common_passwords()


def test_there_are_at_least_thirty_thousand(listed: frozenset[str]) -> None:
    assert len(listed) >= 30_000


def test_every_one_of_them_is_found_as_it_stands_and_in_capitals(listed: frozenset[str]) -> None:
    assert all(not listed.isdisjoint(forms(each)) for each in listed)
    assert all(not listed.isdisjoint(forms(each.upper())) for each in listed)


def test_at_fifteen_characters_the_short_ones_still_count(listed: frozenset[str]) -> None:
    """Of the entries themselves hardly any is long enough; their disguises are."""
    long_enough = [entry for entry in listed if len(entry) >= 15]
    doubled = [entry for entry in listed if 8 <= len(entry) < 15]
    assert len(long_enough) < 100
    assert len(doubled) > 10_000
    escaped = [entry for entry in doubled if listed.isdisjoint(forms(entry * 2))]
    # What repeats something short itself is refused for that, whether it is listed or not.
    assert all(is_predictable(entry * 2) for entry in escaped)
    assert len(escaped) < 100
    words = [entry for entry in doubled if entry.isalpha()]
    assert all(not listed.isdisjoint(forms(f"{entry}2026!!!!")) for entry in words)


@pytest.mark.parametrize(
    "password",
    [
        "Password1234567",
        "PASSWORD PASSWORD",
        "iloveyou-iloveyou",
        "Letmein!!!!!!!!",
        "2026monkey2026!",
        "dragon123456789",
        "trustno1trustno1",
    ],
)
def test_what_people_make_of_them_to_reach_the_length_is_found(
    listed: frozenset[str], password: str
) -> None:
    assert len(password) >= 15
    assert not listed.isdisjoint(forms(password))


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "password of my grandmother", "aZ8$kfP2!qLm9xTv"]
)
def test_what_merely_holds_one_of_them_is_not(listed: frozenset[str], password: str) -> None:
    assert listed.isdisjoint(forms(password))


def test_the_list_is_small_and_leaves_nothing_of_its_package_behind() -> None:
    """Measured in a process of its own: what stays, and what is loaded beside it."""
    program = (
        "import sys, tracemalloc\n"
        "from core.crypto.common_passwords import load_common_passwords\n"
        "before = set(sys.modules)\n"
        "tracemalloc.start()\n"
        "listed = load_common_passwords()\n"
        "print(tracemalloc.get_traced_memory()[0])\n"
        "print([name for name in set(sys.modules) - before if 'zxcvbn' in name])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    kept_bytes, modules = run.stdout.splitlines()
    assert int(kept_bytes) < 6 * 1024 * 1024
    assert modules == "[]"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_passwords, "_PACKAGE", "no_such_package")
    with pytest.raises(CommonPasswordsMissing, match="no_such_package is not installed"):
        load_common_passwords()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('FREQUENCY_LISTS = {"passwords": ["password"]}', "lists 1 passwords, too few"),
        ('FREQUENCY_LISTS = {"words": []}', "has no list of passwords"),
        ("FREQUENCY_LISTS = []", "lists 0 passwords, too few"),
        ("OTHERS = []", "has no list of passwords"),
        (None, "has no list of passwords"),
    ],
)
def test_another_package_of_that_name_does_not_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, message: str
) -> None:
    package = tmp_path / "someones_zxcvbn"
    package.mkdir()
    (package / "__init__.py").touch()
    if content is not None:
        (package / "frequency_lists.py").write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(common_passwords, "_PACKAGE", "someones_zxcvbn")
    with pytest.raises(CommonPasswordsMissing, match=message):
        load_common_passwords()
