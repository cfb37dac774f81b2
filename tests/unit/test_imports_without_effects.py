"""Importing a module of the service only defines things: nothing is opened, read or started."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LIST_LIBRARIES = """
import importlib, json, sys

modules, _ = json.load(sys.stdin)
for name in modules:
    importlib.import_module(name)
own = {"core", "gateway", "supervision"}
print(json.dumps([name for name in sys.modules if name.split(".")[0] not in own]))
"""

# Libraries do as they like while they are imported (one tries whether the machine has IPv6). They
# are imported first, so that what is heard afterwards is the modules' own doing.
IMPORT_AND_LISTEN = """
import contextlib, importlib, json, sys, threading

modules, libraries = json.load(sys.stdin)
for name in libraries:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
heard, findings = [], {}
effects = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.system", "os.exec")

def listen(event, arguments):
    if event.startswith(effects):
        heard.append(event)
    elif event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
        heard.append(f"open {arguments[0]}")

def start(thread):
    heard.append(f"thread {thread.name}")

sys.addaudithook(listen)
threading.Thread.start = start  # Python 3.11 reports no event for it
for name in modules:
    importlib.import_module(name)
    if heard:
        findings[name] = heard[:]
        heard.clear()
print(json.dumps(findings))
"""


def python(program: str, *facts: list[str], tree: Path = ROOT) -> object:
    """Run a program in a fresh interpreter on a tree; return the JSON that it prints."""
    done = subprocess.run(
        # -B: compiled modules are not written either.
        [sys.executable, "-B", "-c", program],
        cwd=tree,
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def modules_of(*packages: str) -> list[str]:
    """Return the names of all modules of packages, in an order that does not change."""
    paths = sorted(path for name in packages for path in (ROOT / name).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return [name.removesuffix(".__init__") for name in names]


def test_importing_the_service_has_no_effect() -> None:
    modules = modules_of("core", "gateway", "supervision")
    libraries = python(LIST_LIBRARIES, modules, [])
    assert isinstance(libraries, list)
    assert python(IMPORT_AND_LISTEN, modules, libraries) == {}


@pytest.mark.parametrize(
    ("statement", "heard"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("open('settings.yaml', 'w')", "open settings.yaml"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import threading; threading.Thread(name='relay').start()", "thread relay"),
    ],
)
def test_an_effect_would_be_heard(statement: str, heard: str, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(statement + "\n")
    findings = python(IMPORT_AND_LISTEN, ["loud"], [], tree=tmp_path)
    assert isinstance(findings, dict)
    assert heard in findings["loud"]
