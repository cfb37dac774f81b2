"""Which values are originals: exact, and in files that every process of a scan maps."""

import mmap
import struct
from pathlib import Path
from typing import Final

from core.data.scanning.digests import DIGEST_BYTES, PARTS
from core.data.scanning.originals_file import read_written

_BITS_FOR_EACH: Final = 24
_PLACES: Final = 4
_LEAST_BITS: Final = 1 << 10
_HALVES: Final = struct.Struct("<QQ")


def sort_part(folder: Path, part: int) -> int:
    """Sort the digests of a part and make their filter; return how many different ones it has.

    The filter is a Bloom filter of three bytes for each value: one in 1,800 of the others looks
    known, and is then looked for among the sorted digests.
    """
    written = read_written(folder, part)
    digests = {
        written[place : place + DIGEST_BYTES] for place in range(0, len(written), DIGEST_BYTES)
    }
    size = max(_LEAST_BITS, len(digests) * _BITS_FOR_EACH)
    bits = bytearray(size // 8 + 1)
    for digest in digests:
        first, second = _HALVES.unpack(digest)
        for number in range(_PLACES):
            place = (first + number * second) % size
            bits[place >> 3] |= 1 << (place & 7)
    _filter_path(folder, part).write_bytes(struct.pack("<Q", size) + bits)
    # Never empty: an empty file cannot be mapped.
    _sorted_path(folder, part).write_bytes(b"".join(sorted(digests)) or b"\0")
    for path in folder.glob(f"{part:03d}.*.written"):
        path.unlink()
    return len(digests)


class KnownValues:
    """Looks digests up; the files' pages are shared by all processes that do."""

    def __init__(self, folder: Path) -> None:
        """Map the parts, all of which were sorted."""
        self._filters = [_mapped(_filter_path(folder, part)) for part in range(PARTS)]
        self._sizes = [struct.unpack_from("<Q", bits)[0] for bits in self._filters]
        self._sorted = [_mapped(_sorted_path(folder, part)) for part in range(PARTS)]

    def holds(self, digest: bytes) -> bool:
        """Tell whether a digest is an original's."""
        part = digest[0]
        bits, size = self._filters[part], self._sizes[part]
        first, second = _HALVES.unpack(digest)
        place = first % size
        # Most others end here; eight bytes of the file are its size.
        if not bits[(place >> 3) + 8] >> (place & 7) & 1:
            return False
        for number in range(1, _PLACES):
            place = (first + number * second) % size
            if not bits[(place >> 3) + 8] >> (place & 7) & 1:
                return False
        return self._is_among(self._sorted[part], digest)

    def close(self) -> None:
        """Unmap the files."""
        for mapped in (*self._filters, *self._sorted):
            mapped.close()

    @staticmethod
    def _is_among(digests: mmap.mmap, digest: bytes) -> bool:
        low, high = 0, len(digests) // DIGEST_BYTES
        while low < high:
            middle = (low + high) // 2
            found = digests[middle * DIGEST_BYTES : (middle + 1) * DIGEST_BYTES]
            if found == digest:
                return True
            if found < digest:
                low = middle + 1
            else:
                high = middle
        return False


def _filter_path(folder: Path, part: int) -> Path:
    return folder / f"{part:03d}.filter"


def _sorted_path(folder: Path, part: int) -> Path:
    return folder / f"{part:03d}.sorted"


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
