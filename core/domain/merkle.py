"""Merkle trees as RFC 6962 section 2.1 hashes them, grown leaf by leaf.

A tree of any size is known by its frontier: the roots of the complete subtrees that it is made of,
from the left, one for each bit that is set in its size. Hashes are SHA-256, 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

HASH_BYTES: Final = 32

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

_sha256 = hashlib.sha256


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two subtrees."""
    return _sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed of a tree to let it grow and to tell its root."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another frontier")

    @classmethod
    def parse(cls, size: int, joined: bytes) -> "Frontier":
        """Return the frontier whose hashes were joined.

        Raises:
            ValueError: a tree of this size has another number of hashes.
        """
        return cls(size, tuple(split_hashes(joined)))

    def joined(self) -> bytes:
        """Return the hashes one after the other."""
        return b"".join(self.hashes)

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the frontier after more leaves; each is the hash of its leaf."""
        size, stack = self.size, list(self.hashes)
        for leaf in leaves:
            top, carry = leaf, size
            while carry & 1:
                top = _sha256(b"\x01" + stack.pop() + top).digest()
                carry >>= 1
            stack.append(top)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


EMPTY_FRONTIER: Final = Frontier()


def split_hashes(joined: bytes) -> list[bytes]:
    """Return the hashes that were joined.

    Raises:
        ValueError: what is joined is no row of hashes.
    """
    if len(joined) % HASH_BYTES:
        raise ValueError("hashes have 32 bytes each")
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def inclusion_path(index: int, before: Frontier, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the audit path of leaf `index` (RFC 6962 section 2.1.1), from the leaf up.

    The tree is `before`, grown by `leaves`; the leaf is one of these. What lies left of them is
    taken from the frontier, so that the cost is that of the leaves alone.
    """
    size = before.size + len(leaves)
    if not before.size <= index < size:
        raise ValueError("the leaf is not among those that are given")
    hash_range = _ranges(before, leaves)
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_size(high - low)
        if index < middle:
            path.append(hash_range(middle, high))
            high = middle
        else:
            path.append(hash_range(low, middle))
            low = middle
    return path[::-1]


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an audit path leads to (RFC 9162 section 2.1.3.2).

    None where no leaf of such an index in such a tree has a path of this length.
    """
    if not 0 <= index < size:
        return None
    position, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        position >>= 1
        last >>= 1
    return root if last == 0 else None


def _left_size(size: int) -> int:
    """Return the largest power of two below a size above 1."""
    return 1 << (size - 1).bit_length() - 1


def _ranges(before: Frontier, leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """Return what tells the hash of the subtree over the leaves from one index up to another."""
    known: dict[tuple[int, int], bytes] = {}
    start = 0
    bits = [1 << bit for bit in range(before.size.bit_length()) if before.size >> bit & 1]
    for width, top in zip(reversed(bits), before.hashes, strict=True):
        known[start, start + width] = top
        start += width

    def hash_range(low: int, high: int) -> bytes:
        if high <= before.size:
            return known[low, high]
        if low >= before.size:
            part = leaves[low - before.size : high - before.size]
            return Frontier().grown(part).root()
        middle = low + _left_size(high - low)
        return node_hash(hash_range(low, middle), hash_range(middle, high))

    return hash_range
