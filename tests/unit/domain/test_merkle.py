"""Merkle trees, against the vectors of Certificate Transparency and the RFC's own words."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.merkle import (
    EMPTY_FRONTIER,
    EMPTY_ROOT,
    Frontier,
    inclusion_path,
    root_of_path,
    split_hashes,
)

# The leaves and roots of Certificate Transparency's reference tests (trees of 1 to 8 leaves).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

sizes = st.integers(0, 70)


def leaf(number: int) -> bytes:
    return hashlib.sha256(b"\x00" + str(number).encode()).digest()


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over hashes of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    both = naive_root(leaves[:half]) + naive_root(leaves[half:])
    return hashlib.sha256(b"\x01" + both).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    if index < half:
        return [*naive_path(index, leaves[:half]), naive_root(leaves[half:])]
    return [*naive_path(index - half, leaves[half:]), naive_root(leaves[:half])]


def test_the_roots_of_the_reference_tests_come_out() -> None:
    leaves = [hashlib.sha256(b"\x00" + data).digest() for data in INPUTS]
    roots = [EMPTY_FRONTIER.grown(leaves[:size]).root().hex() for size in range(1, 9)]
    assert roots == ROOTS


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert EMPTY_FRONTIER.root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(before=sizes, more=sizes)
def test_a_tree_that_grew_has_the_root_of_one_that_was_made_at_once(before: int, more: int) -> None:
    leaves = [leaf(number) for number in range(before + more)]
    grown = EMPTY_FRONTIER.grown(leaves[:before]).grown(leaves[before:])
    assert grown.root() == naive_root(leaves)
    assert Frontier.parse(grown.size, grown.joined()) == grown


@pytest.mark.parametrize("size", range(1, 71))
def test_every_leaf_has_the_path_that_the_rfc_defines(size: int) -> None:
    leaves = [leaf(number) for number in range(size)]
    for before in {0, size // 3, size // 2, size - 1}:
        frontier = EMPTY_FRONTIER.grown(leaves[:before])
        for index in range(before, size):
            path = inclusion_path(index, frontier, leaves[before:])
            assert path == naive_path(index, leaves)
            assert root_of_path(leaves[index], index, size, path) == naive_root(leaves)


@given(size=st.integers(1, 70), data=st.data())
def test_a_path_proves_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = [leaf(number) for number in range(size)]
    root = naive_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = naive_path(index, leaves)
    other = data.draw(st.integers(-1, size).filter(lambda number: number != index))
    assert root_of_path(leaves[index], other, size, path) != root
    assert root_of_path(leaf(size), index, size, path) != root
    assert root_of_path(leaves[index], index, size, [*path, leaf(0)]) != root
    if path:
        assert root_of_path(leaves[index], index, size, path[:-1]) != root


@pytest.mark.parametrize("index", [-1, 1, 5])
def test_only_a_leaf_that_is_given_has_a_path(index: int) -> None:
    frontier = EMPTY_FRONTIER.grown([leaf(0), leaf(1)])
    with pytest.raises(ValueError, match="not among"):
        inclusion_path(index, frontier, [leaf(2), leaf(3)])


def test_what_is_no_row_of_hashes_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        split_hashes(b"x" * 33)
    with pytest.raises(ValueError, match="another frontier"):
        Frontier.parse(2, leaf(0) + leaf(1))
