"""sslyze looks at every door that speaks TLS; `make tls-scan` asks for it.

What must not be there: protocols before TLS 1.2, suites without forward secrecy or authenticated
encryption, compression, Heartbleed, ROBOT, renegotiation at a client's wish, early data.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devstack.certificates import SERVICE_CLIENT
from devstack.service_environment import CORE_PORT, GATEWAY_PORT
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.servers import Servers

_SSLYZE: Final = Path("build/tls/bin/sslyze")
_DEADLINE_SECONDS: Final = 120
_CHECKS: Final = (
    *("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
    *("--compression", "--heartbleed", "--robot", "--reneg", "--elliptic_curves"),
)
_OLD: Final = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
_FORWARD_SECRET: Final = ("TLS_ECDHE_",)
_AUTHENTICATED: Final = ("_GCM_", "_CHACHA20_POLY1305_")


@pytest.fixture(scope="module")
def service(tls_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        new_site(tls_servers, tmp_path_factory.mktemp("service")) as site,
        running_service(site, without={"relay", "consumer", "mail", "sealer"}) as service,
    ):
        yield service


@pytest.mark.parametrize("door", ["core", "gateway", "postgres", "valkey", "openbao"])
def test_a_scan_finds_nothing_weak(service: Service, door: str, tmp_path: Path) -> None:
    site, stack = service.site, service.site.servers.stack
    ports = {
        "core": site.ports.by_variable[CORE_PORT],
        "gateway": site.ports.by_variable[GATEWAY_PORT],
        "postgres": stack.postgres.port,
        "valkey": stack.valkey.port,
        "openbao": stack.openbao.port,
    }
    assert site.certificates is not None
    files = site.certificates.of(SERVICE_CLIENT.name)
    extra = {
        "core": [f"--cert={files.certificate}", f"--key={files.key}"],
        "postgres": ["--starttls=postgres"],
        # Whether early data is taken is asked in HTTP.
        "gateway": ["--early_data"],
        "openbao": ["--early_data"],
    }
    report = tmp_path / "report.json"
    scanned = subprocess.run(
        [
            str(_SSLYZE.absolute()),
            *_CHECKS,
            *extra.get(door, []),
            "--mozilla_config=disable",
            f"--json_out={report}",
            f"localhost:{ports[door]}{{127.0.0.1}}",
        ],
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
    )
    assert scanned.returncode == 0, scanned.stdout + scanned.stderr
    (found,) = json.loads(report.read_text())["server_scan_results"]
    assert found["connectivity_status"] == "COMPLETED", found["connectivity_error_trace"]
    _assert_strong(found["scan_result"])
    _print(door, found["scan_result"])


def _assert_strong(result: dict[str, Any]) -> None:
    failed = {
        name: (check["error_reason"], check["error_trace"])
        for name, check in result.items()
        if check["status"] == "ERROR"
    }
    assert not failed, failed
    for old in _OLD:
        assert _suites(result, old) == []
    for suite in _suites(result, "tls_1_2"):
        assert suite.startswith(_FORWARD_SECRET), suite
        assert any(word in suite for word in _AUTHENTICATED), suite
    assert _suites(result, "tls_1_3")
    assert not result["tls_compression"]["result"]["supports_compression"]
    assert not result["heartbleed"]["result"]["is_vulnerable_to_heartbleed"]
    assert result["robot"]["result"]["robot_result"].startswith("NOT_VULNERABLE")
    assert not result["session_renegotiation"]["result"][
        "is_vulnerable_to_client_renegotiation_dos"
    ]
    early = result["tls_1_3_early_data"]["result"]
    assert early is None or not early["supports_early_data"]


def _suites(result: dict[str, Any], protocol: str) -> list[str]:
    accepted = result[f"{protocol}_cipher_suites"]["result"]["accepted_cipher_suites"]
    return [each["cipher_suite"]["name"] for each in accepted]


def _print(door: str, result: dict[str, Any]) -> None:
    for protocol in ("tls_1_2", "tls_1_3"):
        print(f"{door:<9} {protocol}: {', '.join(_suites(result, protocol)) or '-'}")
