"""A pod logs in to a real OpenBao with its service account, which the cluster's API vouches for."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from core.config.vault_settings import VaultSettings
from core.vault.client import VaultClient
from core.vault.errors import BootstrapFileRefused, LoginRefused, VaultFaulty
from core.vault.options import VaultLogins
from devstack.stack import Stack
from devstack.vault_access import MOUNT
from tests.fakes.clock import FakeClock
from tests.integration.token_reviews import ACCOUNT, NAMESPACE, ClusterApi, cluster_api
from tests.integration.vault_scene import VaultScene

ROLE = "pandora-user-service"


class Pod:
    """A pod's view: a token file, and settings that name it and a role."""

    def __init__(self, scene: VaultScene, api: ClusterApi, folder: Path) -> None:
        self.api = api
        self.scene = scene
        self.mount = f"kubernetes-{uuid.uuid4().hex}"
        self.token_file = folder / "token"
        self.clock = FakeClock()
        root = scene.root
        root.sys.enable_auth_method("kubernetes", path=self.mount)
        root.write_data(
            f"auth/{self.mount}/config",
            data={
                "kubernetes_host": api.url,
                "token_reviewer_jwt": "the reviewer's own",
                "kubernetes_ca_cert": certifi.contents(),  # for an address without TLS any will do
                "disable_local_ca_jwt": True,
            },
        )
        root.auth.kubernetes.create_role(
            ROLE,
            bound_service_account_names=[ACCOUNT],
            bound_service_account_namespaces=[NAMESPACE],
            ttl="90s",
            policies=[scene.role_name],
            mount_point=self.mount,
        )

    def settings(self, **changes: str | None) -> VaultSettings:
        roles = {"kubernetes_role": ROLE} | changes
        return VaultSettings(
            address=self.scene.bao.address,
            mount=MOUNT,
            dev_secrets=True,
            prefix=self.scene.prefix,
            auth_method="kubernetes",
            kubernetes_mount=self.mount,
            kubernetes_token_file=self.token_file,
            **roles,  # type: ignore[arg-type]
        )

    def client(self, **changes: str | None) -> VaultClient:
        options = VaultLogins(self.settings(**changes)).for_service()
        return VaultClient(options, monotonic=lambda: self.clock.now().timestamp())


@pytest.fixture
def pod(stack: Stack, tmp_path: Path) -> Iterator[Pod]:
    with cluster_api() as api:
        yield Pod(VaultScene(stack.openbao, tmp_path / "vault"), api, tmp_path)


def test_a_service_account_logs_in_and_reads_what_its_role_may(pod: Pod) -> None:
    token = pod.api.issue(pod.token_file)
    assert pod.client().read("postgres")["username"] == "pandora_service"
    assert pod.api.asked == [token]


def test_a_token_that_was_replaced_is_read_at_the_next_login(pod: Pod) -> None:
    pod.api.issue(pod.token_file)
    client = pod.client()
    client.read("postgres")
    second = pod.api.issue(pod.token_file)
    # The login's life is over: another one is needed, for which the first token is too old.
    pod.clock.advance(91)
    assert client.read("postgres")["username"] == "pandora_service"
    assert pod.api.asked[-1] == second


@pytest.mark.parametrize(("account", "role"), [("somebody-else", ROLE), (ACCOUNT, "no-such-role")])
def test_another_account_and_another_role_are_refused_in_one_line(
    pod: Pod, account: str, role: str
) -> None:
    token = pod.api.issue(pod.token_file, account=account)
    with pytest.raises(LoginRefused) as refusal:
        pod.client(kubernetes_role=role).read("postgres")
    assert str(refusal.value) == (
        f"Vault refuses the login as the Kubernetes role {role} with {pod.token_file}"
    )
    assert token not in str(refusal.value)


def test_a_token_that_the_cluster_does_not_know_is_refused(pod: Pod) -> None:
    pod.api.issue(pod.token_file)
    pod.api.good = {}
    with pytest.raises((LoginRefused, VaultFaulty)) as refusal:
        pod.client().read("postgres")
    assert "\n" not in str(refusal.value)


def test_no_token_file_is_said_in_one_line(pod: Pod) -> None:
    with pytest.raises(BootstrapFileRefused, match=f"{pod.token_file} cannot be read"):
        pod.client().read("postgres")


def test_each_purpose_logs_in_as_a_role_of_its_own(pod: Pod) -> None:
    names = ("migrator", "operator", "sealer", "maintainer")
    roles = {f"{name}_kubernetes_role": f"role-of-{name}" for name in names}
    logins = VaultLogins(pod.settings(**roles))
    options = [
        logins.for_migrator(), logins.for_operator(), logins.for_sealer(), logins.for_maintainer()
    ]  # fmt: skip
    shown = [each.login.shown for each in options]
    assert shown == [
        f"as the Kubernetes role role-of-{name} with {pod.token_file}" for name in names
    ]
    with pytest.raises(BootstrapFileRefused, match="name no Kubernetes role"):
        VaultLogins(pod.settings()).for_sealer()
