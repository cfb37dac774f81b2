"""The manifests as they are rendered: `make deploy-check`.

The file is not collected by itself, for it needs kubectl.
"""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config.loading import load as load_core
from core.config.settings import Settings
from gateway.config import load as load_gateway
from tools.deploy.manifests import Document, Pod, environment_of, environments, pods, render
from tools.deploy.policy import breaches

Documents = list[Document]


@pytest.fixture(scope="module", params=environments())
def documents(request: pytest.FixtureRequest) -> Documents:
    return render(request.param)


def _pod(documents: Documents, owner: str) -> Pod:
    return next(pod for pod in pods(documents) if pod.owner == owner)


def _container(documents: Documents, owner: str, name: str) -> Document:
    return next(each for each in _pod(documents, owner).containers if each["name"] == name)


def _settings(documents: Documents) -> Settings:
    return load_core(environment_of(_container(documents, "pandora-user", "core"), documents))


def test_no_rule_is_broken(documents: Documents) -> None:
    assert breaches(documents) == []


def test_every_variable_is_a_setting_that_the_program_accepts(documents: Documents) -> None:
    for pod in pods(documents):
        for container in pod.containers:
            environment = environment_of(container, documents)
            if container["image"].startswith("localhost/pandora-user-gateway"):
                load_gateway(environment)
            else:
                load_core(environment)


def test_ports_and_paths_are_those_that_the_core_listens_on(documents: Documents) -> None:
    settings = _settings(documents)
    core = _container(documents, "pandora-user", "core")
    ports = {port["name"]: port["containerPort"] for port in core["ports"]}

    assert ports == {
        "grpc": settings.core.port,
        "health": settings.core.health_port,
        "metrics-core": settings.core.metrics_port,
    }
    assert settings.core.metrics_host == settings.core.host == "0.0.0.0"


def test_workers_are_asked_where_they_tell_their_metrics(documents: Documents) -> None:
    settings = _settings(documents)
    expected = {
        "relay": settings.relay.metrics_port,
        "consumer": settings.consumer.metrics_port,
        "mail": settings.mail.metrics_port,
        "sealer": settings.audit.metrics_port,
    }
    told = {
        name: _container(documents, f"pandora-user-{name}", name)["ports"][0]["containerPort"]
        for name in expected
    }

    assert told == expected


def test_the_gateway_meets_the_core_at_its_socket_and_serves_https(documents: Documents) -> None:
    container = _container(documents, "pandora-user", "gateway")
    gateway = load_gateway(environment_of(container, documents))
    settings = _settings(documents)

    assert gateway.core_address == f"unix:{settings.core.socket}"
    assert {"name": "https", "containerPort": gateway.port} in container["ports"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_core_waits_until_the_gateway_has_drained(documents: Documents) -> None:
    settings = _settings(documents)
    container = _container(documents, "pandora-user", "gateway")
    gateway = load_gateway(environment_of(container, documents))
    core = _container(documents, "pandora-user", "core")
    pause = core["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = _pod(documents, "pandora-user").spec["terminationGracePeriodSeconds"]

    assert pause > gateway.drain_delay_seconds + gateway.drain_timeout_seconds
    assert grace > pause + settings.core.shutdown_grace_seconds + 5


def test_every_file_that_a_setting_names_is_mounted(documents: Documents) -> None:
    settings = _settings(documents)
    files = [
        *(settings.core.tls_certificate_file, settings.core.tls_key_file, settings.core.socket),
        *(settings.postgres.ca_file, settings.redis.ca_file, settings.vault.ca_file),
        settings.vault.kubernetes_token_file,
    ]
    mounts = _container(documents, "pandora-user", "core")["volumeMounts"]
    folders = {Path(mount["mountPath"]) for mount in mounts}

    assert {file.parent for file in files if file is not None} <= folders


def test_what_is_applied_first_is_all_that_the_migration_needs(documents: Documents) -> None:
    first = [
        document
        for document in documents
        if document["metadata"].get("labels", {}).get("pandora.exchange/phase") == "first"
    ]
    job = _pod(first, "pandora-user-migrate")
    names = {document["metadata"]["name"] for document in first}

    assert job.spec["serviceAccountName"] in names
    assert environment_of(job.containers[0], first)["APP_ENV"]
    assert {"default-deny", "names", "pandora-user-store-and-secrets"} <= names


Break = Callable[[Any], None]
_BREAKS: dict[str, Break] = {
    "may run as root": lambda spec: spec["securityContext"].pop("runAsNonRoot"),
    "seccomp": lambda spec: spec["securityContext"].pop("seccompProfile"),
    "volume host": lambda spec: spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    "hostNetwork": lambda spec: spec.update(hostNetwork=True),
    "gain privileges": lambda spec: spec["containers"][0]["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "keeps capabilities": lambda spec: spec["containers"][0]["securityContext"].pop("capabilities"),
    "write to its root": lambda spec: spec["containers"][0]["securityContext"].pop(
        "readOnlyRootFilesystem"
    ),
    "token for the cluster": lambda spec: spec.pop("automountServiceAccountToken"),
    "account of its own": lambda spec: spec.update(serviceAccountName="default"),
    "audience vault": lambda spec: spec["volumes"].pop(0),
    "in its environment": lambda spec: spec["containers"][0].update(
        env=[{"name": "X", "value": "", "valueFrom": {"secretKeyRef": {"name": "x"}}}]
    ),
    "requests nothing": lambda spec: spec["containers"][0].pop("resources"),
    "is no name of a port": lambda spec: spec["containers"][0]["ports"][0].update(
        name="metrics-consumer"
    ),
    "does not name": lambda spec: spec["containers"][0]["livenessProbe"].update(
        grpc={"port": 50099}
    ),
    "has no startupProbe": lambda spec: spec["containers"][0].pop("startupProbe"),
}


@pytest.mark.parametrize("words", _BREAKS)
def test_each_rule_bites(words: str) -> None:
    documents = copy.deepcopy(render("prod"))
    _BREAKS[words](_pod(documents, "pandora-user").spec)

    assert any(words in line for line in breaches(documents)), breaches(documents)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("NetworkPolicy", "denies by default"), ("PodDisruptionBudget", "no PodDisruptionBudget")],
)
def test_what_protects_a_namespace_is_missed(kind: str, words: str) -> None:
    documents = [document for document in render("prod") if document["kind"] != kind]

    assert any(words in line for line in breaches(documents))


def test_the_schemas_refuse_a_field_that_there_is_not() -> None:
    from tools.deploy.checks import kubernetes_schema  # noqa: PLC0415 - beside what it is for

    documents = render("prod")
    _pod(documents, "pandora-user").spec["terminationGrace"] = 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "all.yaml")
        file.write_text(yaml.safe_dump_all(documents))

        assert any("terminationGrace" in line for line in kubernetes_schema(file, "1.37"))
