"""A secret id that arrives wrapped is opened once, and whoever else opens it is found out."""

import uuid
from pathlib import Path

import hvac
import pytest

from core.config.vault_settings import VaultSettings
from core.vault.client import VaultClient
from core.vault.errors import BootstrapFileRefused, LoginRefused, WrappedSecretIdRefused
from core.vault.options import VaultLogins
from devstack.stack import Stack
from devstack.vault_access import MOUNT
from tests.integration.vault_scene import VaultScene

DESTROY = "destroy the role's secret ids"


class Delivery:
    """An orchestrator that delivers wrapped secret ids to one process."""

    def __init__(self, scene: VaultScene) -> None:
        self.scene = scene
        self.file = scene.files.secret_id

    def deliver(self, *, wrap_ttl: str = "60s") -> str:
        """Put a new wrapping token into the file."""
        approle = self.scene.root.auth.approle
        answer = approle.generate_secret_id(self.scene.role_name, wrap_ttl=wrap_ttl)
        token: str = answer["wrap_info"]["token"]
        self.file.write_text(token)
        return token

    def open(self, token: str) -> dict[str, object]:
        """Open a wrapping token, as somebody else would."""
        stranger = hvac.Client(self.scene.bao.address, token=token)
        data: dict[str, object] = stranger.sys.unwrap()["data"]
        return data

    def logins(self, **more: str) -> VaultLogins:
        """Return the logins of a process that starts now."""
        settings = VaultSettings(
            address=self.scene.bao.address,
            mount=MOUNT,
            dev_secrets=True,
            prefix=self.scene.prefix,
            role_id_file=self.scene.files.role_id,
            secret_id_file=self.file,
            secret_id_wrapped=True,
        )
        return VaultLogins(settings, **more)


@pytest.fixture
def delivery(stack: Stack, tmp_path: Path) -> Delivery:
    return Delivery(VaultScene(stack.openbao, tmp_path))


def read(logins: VaultLogins) -> object:
    return VaultClient(logins.for_service()).read("postgres")["username"]


def test_it_is_opened_once_for_all_clients_of_a_process(delivery: Delivery) -> None:
    token = delivery.deliver()
    logins = delivery.logins()
    assert [read(logins) for _ in range(3)] == ["pandora_service"] * 3
    opened = logins.opened_secret_id
    assert opened is not None
    assert opened != token
    # Neither the file nor anything else on disk has it, and the file is needed no more.
    assert delivery.file.read_text() == token
    delivery.file.unlink()
    assert read(logins) == "pandora_service"


def test_one_that_somebody_else_has_opened_is_an_alarm(delivery: Delivery) -> None:
    token = delivery.deliver()
    stolen = str(delivery.open(token)["secret_id"])
    with pytest.raises(WrappedSecretIdRefused) as refusal:
        read(delivery.logins())
    text = str(refusal.value)
    assert text.startswith(f"the wrapping token in {delivery.file} is not valid any more")
    assert "somebody else has" in text
    assert DESTROY in text
    assert "\n" not in text
    assert token not in text
    assert stolen not in text


def test_one_that_was_opened_and_wrapped_anew_is_an_alarm(delivery: Delivery) -> None:
    stolen = delivery.open(delivery.deliver())
    root = delivery.scene.root
    wrapped = root.sys.wrap(payload=stolen, ttl=60)
    delivery.file.write_text(wrapped["wrap_info"]["token"])
    with pytest.raises(WrappedSecretIdRefused, match="wraps something else than a secret id") as no:
        read(delivery.logins())
    assert DESTROY in str(no.value)


def test_a_restart_needs_another_one(delivery: Delivery) -> None:
    delivery.deliver()
    assert read(delivery.logins()) == "pandora_service"
    with pytest.raises(WrappedSecretIdRefused):
        read(delivery.logins())
    delivery.deliver()
    assert read(delivery.logins()) == "pandora_service"


def test_one_that_is_delivered_while_a_process_runs_replaces_the_first(delivery: Delivery) -> None:
    delivery.deliver()
    logins = delivery.logins()
    client = VaultClient(logins.for_service())
    client.read("postgres")
    first, root = logins.opened_secret_id, delivery.scene.root
    assert first is not None
    root.auth.approle.destroy_secret_id(delivery.scene.role_name, first)
    # What it is logged in with ends as well.
    root.auth.token.revoke(client._hvac.token)
    with pytest.raises(LoginRefused):
        client.read("postgres")
    delivery.deliver()
    assert client.read("postgres")["username"] == "pandora_service"
    assert logins.opened_secret_id != first


def test_a_process_that_another_one_starts_is_handed_what_it_cannot_open(
    delivery: Delivery,
) -> None:
    delivery.deliver()
    parent = delivery.logins()
    read(parent)
    opened = parent.opened_secret_id
    assert opened is not None
    child = delivery.logins(opened_secret_id=opened)
    assert read(child) == "pandora_service"
    assert child.opened_secret_id == opened


def test_a_file_that_others_may_read_is_not_opened(delivery: Delivery) -> None:
    token = delivery.deliver()
    delivery.file.chmod(0o644)
    with pytest.raises(BootstrapFileRefused, match="must not be wider than 0600"):
        read(delivery.logins())
    assert "secret_id" in delivery.open(token)


def test_no_secret_id_is_in_what_a_debugger_would_show(delivery: Delivery) -> None:
    delivery.deliver()
    logins = delivery.logins()
    read(logins)
    assert str(logins.opened_secret_id) not in repr(logins.for_service()) + repr(logins)
    delivery.file.write_text(uuid.uuid4().hex)
    with pytest.raises(WrappedSecretIdRefused):
        read(logins)
