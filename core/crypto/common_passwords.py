"""The passwords that people choose most often, as the package `zxcvbn` lists them."""

from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

from core.domain.unicode_text import folded

LEAST_ENTRIES = 30_000
"""With fewer, the package is not the one that this was written for."""

_PACKAGE = "zxcvbn"
_FILE = "frequency_lists.py"


class CommonPasswordsMissing(Exception):
    """The list of common passwords is not where it should be, or is too short."""


def load_common_passwords() -> frozenset[str]:
    """Return the list, folded; it takes about 4 MB. Called once, at the start.

    The file is run on its own and let go of: importing the package would keep its other lists and
    its whole estimator in memory, about 9 MB more.

    Raises:
        CommonPasswordsMissing: the package is not installed, or not the one that we know.
    """
    spec = find_spec(_PACKAGE)
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    if not folders:
        raise CommonPasswordsMissing(f"the package {_PACKAGE} is not installed")
    try:
        content: object = run_path(str(Path(folders[0], _FILE)))["FREQUENCY_LISTS"]
        entries = content["passwords"] if isinstance(content, dict) else ()
    except (OSError, KeyError) as error:
        raise CommonPasswordsMissing(f"{_PACKAGE} has no list of passwords") from error
    passwords = frozenset(folded(str(entry)) for entry in entries)
    if len(passwords) < LEAST_ENTRIES:
        raise CommonPasswordsMissing(f"{_PACKAGE} lists {len(passwords)} passwords, too few")
    return passwords
