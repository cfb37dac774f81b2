"""Who has nothing but /openapi.json can generate a client and use it."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import pytest_asyncio

from tests.e2e.people import PASSWORD, new_email
from tests.e2e.rest import Rest
from tests.e2e.service import Service

PACKAGE = "pandora_generated_client"


@pytest_asyncio.fixture
async def document(rest: Rest, tmp_path: Path) -> Path:
    """The served document, in a file: all that the generator is given."""
    file = tmp_path / "openapi.json"
    file.write_bytes((await rest.get("/openapi.json")).body)
    return file


@pytest.fixture
def generated(document: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The client, generated and importable; the generator has nothing to complain about.

    It knows no streams, and is told that they are texts; it would leave them out otherwise.
    """
    folder = document.parent / PACKAGE
    config = document.parent / "generator.json"
    config.write_text(
        json.dumps({"content_type_overrides": {"application/x-ndjson": "text/plain"}})
    )
    options: list[str | Path] = [
        *("--path", document, "--output-path", folder, "--config", config),
        *("--meta", "none", "--fail-on-warning"),
    ]
    program = Path(sys.executable).with_name("openapi-python-client")
    done = subprocess.run(
        [str(program), "generate", *map(str, options)], capture_output=True, text=True, check=False,
        env={"PATH": str(program.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(str(document.parent))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_registers_logs_in_and_reads_itself(generated: Path, service: Service) -> None:
    assert generated.is_dir()
    models, clients, email = part("models"), part("client"), new_email()
    url = service.site.gateway_url
    with clients.Client(base_url=url) as anyone:
        registered = part("api.auth.auth_service_register").sync(
            client=anyone,
            body=models.RegisterRequest(email=email, password=PASSWORD, full_name="Ada Lovelace"),
        )
        login = part("api.auth.auth_service_login").sync(
            client=anyone, body=models.LoginRequest(email=email, password=PASSWORD)
        )
    with clients.AuthenticatedClient(base_url=url, token=login.access_token) as somebody:
        found = part("api.user.user_service_get_user").sync("me", client=somebody)
        changed = part("api.user.user_service_update_user").sync(
            "me", client=somebody, body=models.UpdateUserRequest(full_name="Ada King")
        )
        part("api.auth.auth_service_logout").sync(client=somebody, body=models.LogoutRequest())
        refused = part("api.user.user_service_get_user").sync("me", client=somebody)
    assert found.user == registered.user
    assert found.user.email == email
    assert found.user.role is models.Role.USER
    assert changed.user.full_name == "Ada King"
    assert isinstance(refused, models.Problem)
    assert refused.reason is models.ErrorReason.SESSION_REVOKED
