"""The import contracts hold, and each of them bites when it is broken."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """An import that a room may not make, and the name of the contract that forbids it."""

    room: str
    imported: str
    contract: str

    @property
    def module(self) -> str:
        """The module, made for the test, that holds the import."""
        return f"{self.room}.breach_{self.imported.replace('.', '_')}"


LAYERS = "No arrow runs back up, and the rooms of one floor do not know each other"
DOMAIN = "The domain imports nothing but the standard library"
SERVICE = "Use cases import the domain alone"
DOORS = "Transport and interceptors never reach an adapter or its driver, not by a detour either"
MESSAGES = "Generated messages stay in transport, interceptors, events and the gateway"
ROWS = "PostgreSQL's drivers, and with them its rows, stay in one room"
REDIS = "Redis is spoken to by events and rate limits alone"
VAULT = "Vault is spoken to by one room alone"
MAIL = "Mail servers are spoken to by one room alone"
PROGRAMS = "Core and gateway know nothing of each other"
SUPERVISION = (
    "What starts and watches workers is small: it imports nothing but the standard library"
)
PRODUCT = "What runs in production needs neither tests nor tools"

BREACHES = [
    Breach(room="core.domain", imported="structlog", contract=DOMAIN),
    Breach(room="core.domain", imported="core.config", contract=DOMAIN),
    Breach(room="core.domain", imported="core.service", contract=LAYERS),
    Breach(room="core.observability", imported="core.domain", contract=LAYERS),
    Breach(room="core.service", imported="grpc", contract=SERVICE),
    Breach(room="core.service", imported="core.observability", contract=SERVICE),
    Breach(room="core.service", imported="core.crypto", contract=LAYERS),
    Breach(room="core.events", imported="core.postgres", contract=LAYERS),
    Breach(room="core.middleware", imported="core.transport", contract=LAYERS),
    Breach(room="core.postgres", imported="core.bootstrap", contract=LAYERS),
    Breach(room="core.transport", imported="core.postgres", contract=DOORS),
    Breach(room="core.transport", imported="psycopg", contract=DOORS),
    Breach(room="core.transport", imported="core.crypto", contract=DOORS),
    Breach(room="core.middleware", imported="core.vault", contract=DOORS),
    Breach(room="core.middleware", imported="redis", contract=DOORS),
    Breach(room="core.crypto", imported="pandora", contract=MESSAGES),
    Breach(room="core.postgres", imported="buf", contract=MESSAGES),
    Breach(room="core.events", imported="psycopg", contract=ROWS),
    Breach(room="core.observability", imported="sqlalchemy", contract=ROWS),
    Breach(room="core.postgres", imported="redis", contract=REDIS),
    Breach(room="core.crypto", imported="hvac", contract=VAULT),
    Breach(room="core.middleware", imported="core.mail", contract=DOORS),
    Breach(room="core.mail", imported="core.crypto", contract=LAYERS),
    Breach(room="core.events", imported="smtplib", contract=MAIL),
    Breach(room="gateway", imported="core.domain", contract=PROGRAMS),
    Breach(room="core.service", imported="gateway", contract=PROGRAMS),
    Breach(room="supervision", imported="core.config", contract=SUPERVISION),
    Breach(room="supervision", imported="prometheus_client", contract=SUPERVISION),
    Breach(room="core.config", imported="devstack", contract=PRODUCT),
    Breach(room="gateway", imported="tests", contract=PRODUCT),
]


def lint_imports(tree: Path) -> str:
    """Return import-linter's report on a tree, one finding a line."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--no-logo"],
        cwd=tree,
        # The report is wrapped to the terminal's width.
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    return done.stdout


def copy_of_the_tree(target: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("core", "gateway", "supervision", "tools"):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    shutil.copyfile(ROOT / "pyproject.toml", target / "pyproject.toml")
    return target


@pytest.fixture(scope="module")
def report_on_breaches(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on a copy of the tree in which every breach was made at once."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("breaches"))
    for breach in BREACHES:
        path = tree / Path(*breach.module.split(".")).with_suffix(".py")
        path.write_text(f"import {breach.imported}\n")
    return lint_imports(tree)


def test_every_contract_holds(tmp_path: Path) -> None:
    report = lint_imports(copy_of_the_tree(tmp_path))
    assert " 0 broken." in report, report
    for name in {breach.contract for breach in BREACHES}:
        assert f"{name} KEPT" in report


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.module)
def test_a_breach_is_named_under_its_contract(breach: Breach, report_on_breaches: str) -> None:
    findings = report_on_breaches.partition("Broken contracts")[2]
    contract = findings.partition(f"\n{breach.contract}\n-")[2]
    # The findings of one contract end where the next one's name is underlined.
    own = contract.partition("\n---")[0]
    assert f"{breach.module} -> {breach.imported} (l.1)" in own


def test_a_room_without_a_floor_is_refused(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    (tree / "core" / "cellar.py").write_text('"""A room that the plan of the house lacks."""\n')
    report = lint_imports(tree)
    assert f"{LAYERS} BROKEN" in report
    assert "core.cellar" in report
