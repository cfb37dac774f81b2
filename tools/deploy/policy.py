"""What every manifest must hold: the restricted Pod Security Standard, and rules of this house.

Each rule yields a line for each breach. Source of the first ones: kubernetes.io, "Pod Security
Standards", profile restricted; what is not said in a manifest counts as a breach where the
standard's default is the weaker one.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from tools.deploy.manifests import Document, Pod, pods

_VOLUMES: Final = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"} | {
    *("persistentVolumeClaim", "projected", "secret")
}
_PORT_NAME: Final = 15
"""Kubernetes refuses a longer name of a port (IANA_SVC_NAME); the schemas do not say so."""


def pod_security(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield breaches of the restricted profile that concern the pod."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield f"{key} is set"
    context = pod.spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) == 0:
        yield "may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccomp profile is not RuntimeDefault"
    for volume in pod.spec.get("volumes", []):
        kinds = volume.keys() - {"name"}
        if not kinds <= _VOLUMES:
            yield f"volume {volume['name']} is a {', '.join(kinds)}"


def container_security(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield breaches of the restricted profile that concern containers, and writable roots."""
    for container in pod.containers:
        context, name = container.get("securityContext", {}), container["name"]
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{name} may gain privileges"
        if context.get("privileged") or context.get("runAsUser") == 0:
            yield f"{name} is privileged"
        capabilities = context.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
            yield f"{name} keeps capabilities"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"{name} may write to its root"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{name} takes a port of its node"


def identity(pod: Pod, documents: list[Document]) -> Iterator[str]:
    """Yield pods without an account of their own, or with more than Vault's token."""
    accounts = {d["metadata"]["name"] for d in documents if d["kind"] == "ServiceAccount"}
    if pod.spec.get("serviceAccountName") != pod.owner or pod.owner not in accounts:
        yield "has no service account of its own"
    if pod.spec.get("automountServiceAccountToken") is not False:
        yield "is given a token for the cluster's API"
    tokens = [
        source["serviceAccountToken"]
        for volume in pod.spec.get("volumes", [])
        for source in volume.get("projected", {}).get("sources", [])
    ]
    if [token.get("audience") for token in tokens] != ["vault"]:
        yield "has not exactly one token, for the audience vault"


def secrets(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield secrets that are not files of a certificate: all others are Vault's."""
    for container in pod.containers:
        sources = [*container.get("env", []), *container.get("envFrom", [])]
        if any("secretKeyRef" in str(each) or "secretRef" in each for each in sources):
            yield f"{container['name']} has a secret in its environment"
    for volume in pod.spec.get("volumes", []):
        if not volume.get("secret", {}).get("secretName", "-tls").endswith("-tls"):
            yield f"volume {volume['name']} is a secret that is no certificate"


def resources(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield containers without requests, or without a bound on their memory."""
    for container in pod.containers:
        given = container.get("resources", {})
        if not given.get("requests", {}).keys() >= {"cpu", "memory"}:
            yield f"{container['name']} requests nothing"
        if "memory" not in given.get("limits", {}):
            yield f"{container['name']} has no limit of memory"


def ports(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield names that Kubernetes refuses, and probes of ports that the container does not name."""
    for container in pod.containers:
        named = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        for name in named:
            if len(name) > _PORT_NAME or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
                yield f"{name} is no name of a port"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container.get(probe, {})
            port = asked.get("grpc", asked.get("httpGet", {})).get("port")
            if port is not None and port not in named and port not in named.values():
                yield f"{probe} of {container['name']} asks port {port}, which it does not name"


def probes(pod: Pod, _: list[Document]) -> Iterator[str]:
    """Yield containers of a Deployment that nobody watches."""
    for container in pod.containers if pod.kind == "Deployment" else []:
        for probe in ("startupProbe", "livenessProbe"):
            if probe not in container:
                yield f"{container['name']} has no {probe}"


def default_deny(documents: list[Document]) -> Iterator[str]:
    """Yield if there is no policy that closes every pod of the namespace in both directions."""
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(d["kind"] == "NetworkPolicy" and d["spec"] == closed for d in documents):
        yield "there is no NetworkPolicy that denies by default"


def disruption(documents: list[Document]) -> Iterator[str]:
    """Yield Deployments of several replicas whose pods an eviction may take all at once."""
    guarded = [
        document["spec"]["selector"]["matchLabels"]
        for document in documents
        if document["kind"] == "PodDisruptionBudget"
    ]
    for document in documents:
        is_shared = document["kind"] == "Deployment" and document["spec"].get("replicas", 2) > 1
        if is_shared and document["spec"]["selector"]["matchLabels"] not in guarded:
            yield f"{document['metadata']['name']} has no PodDisruptionBudget"


POD_RULES: Final[tuple[Callable[[Pod, list[Document]], Iterator[str]], ...]] = (
    *(pod_security, container_security, identity, secrets, resources, ports, probes),
)
RULES: Final = (default_deny, disruption)


def breaches(documents: list[Document]) -> list[str]:
    """Return a line for every breach of every rule."""
    found = [line for rule in RULES for line in rule(documents)]
    for pod in pods(documents):
        found += [f"{pod.owner}: {line}" for rule in POD_RULES for line in rule(pod, documents)]
    return found
