"""Hands this machine's way to a package index to an image's build, as secrets."""

import re
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PASSED_ON: Final = frozenset({"index-url", "extra-index-url", "trusted-host", "timeout", "proxy"})
_LINE: Final = re.compile(r"^(?:global|install|:env:)\.(?P<key>[a-z-]+)='(?P<value>.*)'$")
_AUTHORITY: Final = "/run/secrets/pip-ca"


def pip_secrets(folder: Path) -> Mapping[str, Path]:
    """Write a pip.conf, find the certificates that pip trusts; return the secrets by id."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = (match for line in answer.stdout.splitlines() if (match := _LINE.match(line)))
    settings = {match["key"]: match["value"] for match in found}
    lines = ["[global]"]
    for key in sorted(settings.keys() & _PASSED_ON):
        # A folder of packages is this machine's own: there is none of it in a build.
        values = [word for word in settings[key].split() if not word.startswith("file:")]
        if values:
            lines.append(f"{key} = {' '.join(values)}")
    authority = settings.get("cert") or ssl.get_default_verify_paths().cafile
    secrets = {"pip-config": folder / "pip.conf"}
    if authority and Path(authority).is_file():
        lines.append(f"cert = {_AUTHORITY}")
        secrets["pip-ca"] = Path(authority)
    secrets["pip-config"].write_text("\n".join(lines) + "\n")
    secrets["pip-config"].chmod(0o600)
    return secrets
