"""Reads rendered manifests: documents, pods, containers, and the environment that each is given."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

TOOLS: Final = Path("build/deploy/bin")
OVERLAYS: Final = Path("k8s/overlays")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod template: whose it is, and what it says."""

    owner: str
    kind: str
    spec: Document
    labels: Mapping[str, str]

    @property
    def containers(self) -> list[Document]:
        """All of them, those that come first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


def environments() -> list[str]:
    """Return the names of the overlays."""
    return sorted(folder.name for folder in OVERLAYS.iterdir())


def render(environment: str) -> list[Document]:
    """Return what `kubectl kustomize` makes of an overlay; raises CalledProcessError."""
    answer = subprocess.run(
        [TOOLS / "kubectl", "kustomize", OVERLAYS / environment],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(yaml.safe_load_all(answer.stdout))


def pods(documents: list[Document]) -> Iterator[Pod]:
    """Yield the pod of every Deployment, Job and CronJob."""
    for document in documents:
        spec = document.get("spec", {})
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get(
            "template"
        )
        if template is not None:
            yield Pod(
                owner=document["metadata"]["name"],
                kind=document["kind"],
                spec=template["spec"],
                labels=template["metadata"]["labels"],
            )


def environment_of(container: Document, documents: list[Document]) -> dict[str, str]:
    """Return the variables of a container, those of its config maps included."""
    maps = {
        document["metadata"]["name"]: document["data"]
        for document in documents
        if document["kind"] == "ConfigMap"
    }
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    return found | {each["name"]: each["value"] for each in container.get("env", [])}
