"""The seals: every row in exactly one, one chain, and a checkpoint of each outside."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from core.audit.checkpoint_file import stored_checkpoints
from tests.e2e.site import Site
from tests.faults.findings import Findings

_CHECK: Final = "seals"
_LEAF_BYTES: Final = 32
_SEALS: Final = """
SELECT number, sequences, leaf_hashes, size, root, previous_hash, hash FROM audit_seals
ORDER BY number
"""


def check_seals(site: Site, findings: Findings) -> None:
    """Look at every seal, at the checkpoints, and at what verification says."""
    with psycopg.connect(site.database.admin_dsn, row_factory=dict_row) as connection:
        seals: list[dict[str, Any]] = connection.execute(_SEALS).fetchall()
        rows = connection.execute("SELECT sequence FROM audit_events").fetchall()
    covered = Counter(sequence for seal in seals for sequence in seal["sequences"])
    audited = Counter(row["sequence"] for row in rows)
    difference = (audited - covered) + (covered - audited)
    findings.require(_CHECK, f"rows not sealed exactly once: {difference}", holds=not difference)
    numbers = [seal["number"] for seal in seals]
    findings.require(
        _CHECK, f"numbers of seals: {numbers}", holds=numbers == list(range(1, len(seals) + 1))
    )
    size = 0
    for seal in seals:
        size += len(seal["sequences"])
        findings.require(_CHECK, f"size of seal {seal['number']}", holds=seal["size"] == size)
    for one, other in pairwise(seals):
        linked = other["previous_hash"] == one["hash"]
        findings.require(_CHECK, f"seal {other['number']} follows another one", holds=linked)
    if seals:
        leaves = [leaf for seal in seals for leaf in _split(seal["leaf_hashes"])]
        whole = _root(leaves) == seals[-1]["root"]
        findings.require(_CHECK, "the last root is not that of all rows", holds=whole)
    findings.counts["  sealed exactly once"] = sum(covered[row] == 1 for row in audited)
    findings.counts["seals in one chain"] = len(seals)
    _check_checkpoints(site, seals, findings)
    _verify(site, len(rows), findings)


def _check_checkpoints(site: Site, seals: Sequence[dict[str, Any]], findings: Findings) -> None:
    found = [
        (each.number, each.size, each.root) for each in stored_checkpoints(site.checkpoint_file)
    ]
    sealed = [(seal["number"], seal["size"], seal["root"]) for seal in seals]
    difference = set(found) ^ set(sealed)
    problem = f"{len(found)} checkpoints of {len(sealed)} seals; {difference} differ"
    findings.require(_CHECK, problem, holds=found == sealed)
    findings.counts["  checkpoints outside of the database"] = len(found)


def _verify(site: Site, rows: int, findings: Findings) -> None:
    outcome = site.run("core", "audit", "verify")
    said = f"audit verify: {outcome.returncode} {outcome.stdout}{outcome.stderr[-500:]}"
    findings.require(_CHECK, said, holds=outcome.returncode == 0)
    if outcome.stdout:
        report = json.loads(outcome.stdout)
        findings.require(_CHECK, said, holds=report["valid"] and report["checked_count"] == rows)
        findings.counts["  rows verified by `audit verify`"] = report["checked_count"]


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + _LEAF_BYTES] for at in range(0, len(hashes), _LEAF_BYTES)]


def _root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash as RFC 6962 section 2.1 defines it; leaves are hashed already."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:])).digest()
