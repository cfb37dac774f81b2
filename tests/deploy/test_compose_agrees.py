"""What compose.yaml says in one place is true in the others: names, ports, files, health commands.

No container engine runs here; what is checked is all that would keep a container from its work.
"""

import re
from pathlib import Path
from typing import Any, Final

import pytest

import tools
from core.bootstrap.commands.processes import METRICS_PORTS
from core.config.loading import load as load_core
from core.config.settings import Settings
from devstack.provisioning import MAINTAINER_ROLE, MIGRATOR_ROLE, SEALER_ROLE, SERVICE_ROLE
from devstack.vault_access import BootstrapFiles
from gateway.config import load as load_gateway
from tools.watching.yaml_text import load

ROOT: Final = Path(tools.__file__).resolve().parent.parent
COMPOSE: Final[dict[str, Any]] = load(ROOT / "compose.yaml")
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
COLLECTOR: Final[dict[str, Any]] = load(ROOT / "observability" / "otel" / "collector.yaml")
VARIABLE: Final = re.compile(r"\$\{env:(\w+)\}")
HEALTH: Final = ["CMD", "/usr/bin/python3", "-m", "core", "health"]

# The components' documented fields (opentelemetry-collector 0.140, their README.md and config.go).
COMPONENTS: Final = {
    "otlp": {"protocols", "endpoint", "tls", "sending_queue", "retry_on_failure", "timeout"},
    "memory_limiter": {
        *("check_interval", "limit_mib", "spike_limit_mib"),
        *("limit_percentage", "spike_limit_percentage"),
    },
    "attributes": {"actions", "include", "exclude"},
    "batch": {"send_batch_size", "send_batch_max_size", "timeout", "metadata_keys"},
    "health_check": {"endpoint", "path", "tls", "check_collector_pipeline"},
}


def core_settings(service: str = "core") -> Settings:
    return load_core(SERVICES[service]["environment"])


def place(address: str) -> tuple[str, int]:
    """Split host:port, of a URL as well."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    return host, int(port)


def published(service: str) -> set[int]:
    """Return the ports inside the container that are published, each on loopback alone."""
    mappings = [mapping.split(":") for mapping in SERVICES[service].get("ports", [])]
    assert all(host == "127.0.0.1" for host, _, _ in mappings), service
    return {int(inside) for _, _, inside in mappings}


def test_every_service_volume_and_secret_that_is_named_is_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= SERVICES.keys(), name
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys(), name
        sources = [mount.partition(":")[0] for mount in service.get("volumes", [])]
        named = {source for source in sources if not source.startswith(".")}
        assert named <= COMPOSE["volumes"].keys(), name
        assert all((ROOT / source).exists() for source in set(sources) - named), name


def test_whoever_is_waited_for_to_be_healthy_says_so() -> None:
    for name, service in SERVICES.items():
        for other, asked in service.get("depends_on", {}).items():
            if asked["condition"] != "service_healthy":
                continue
            own = "pandora-user-" in SERVICES[other]["image"]
            assert own or "healthcheck" in SERVICES[other], f"{name} waits for {other}"


@pytest.mark.parametrize("service", ["relay", "consumer", "mail", "sealer"])
def test_a_worker_is_asked_for_its_own_health(service: str) -> None:
    (command,) = SERVICES[service]["command"]
    assert SERVICES[service]["healthcheck"]["test"] == [*HEALTH, command]
    assert command in METRICS_PORTS


def test_ports_are_those_that_the_programs_open() -> None:
    gateway = load_gateway(SERVICES["gateway"]["environment"])
    assert published("core") == {core_settings().core.port}
    assert published("gateway") == {gateway.port}
    assert place(gateway.core_address) == ("core", core_settings().core.port)
    for name in SERVICES:
        published(name)


def test_prometheus_asks_each_process_where_it_tells_its_metrics() -> None:
    document = load(ROOT / "observability" / "prometheus" / "prometheus.yml")
    asked = {
        job["job_name"]: place(target)
        for job in document["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    gateway = load_gateway(SERVICES["gateway"]["environment"])
    told = {
        "pandora-core": ("core", core_settings().core.metrics_port),
        "pandora-gateway": ("gateway", gateway.metrics_port),
        **{
            f"pandora-{name}": (name, METRICS_PORTS[command](core_settings(name)))
            for name in ("relay", "consumer", "mail", "sealer")
            for command in SERVICES[name]["command"]
        },
    }
    assert asked == told
    assert {host for host, _ in asked.values()} <= SERVICES.keys()
    hosts = {core_settings().core.metrics_host, gateway.metrics_host}
    assert hosts == {"0.0.0.0"}


def test_grafana_and_the_processes_reach_services_that_there_are() -> None:
    sources = load(ROOT / "observability/grafana/provisioning/datasources/pandora.yaml")
    for source in sources["datasources"]:
        host, port = place(source["url"])
        assert port in published(host), source["name"]
    (receiver,) = COLLECTOR["receivers"].values()
    spans = ("otel-collector", place(receiver["protocols"]["grpc"]["endpoint"])[1])
    settings = core_settings()
    assert place(str(settings.telemetry.otlp_endpoint)) == spans
    assert place(SERVICES["gateway"]["environment"]["PANDORA_TELEMETRY__OTLP_ENDPOINT"]) == spans
    mounted = [mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]]
    provider = load(ROOT / "observability/grafana/provisioning/dashboards/pandora.yaml")
    assert provider["providers"][0]["options"]["path"] in mounted
    used = {settings.postgres.host, settings.redis.host, settings.mail.smtp_host}
    assert used | {place(settings.vault.address)[0]} <= SERVICES.keys()


@pytest.mark.parametrize("service", ["prometheus", "otel-collector"])
def test_a_configuration_file_that_a_command_names_is_mounted(service: str) -> None:
    files = [
        word.removeprefix(option)
        for word in SERVICES[service]["command"]
        for option in ("--config=", "--config.file=")
        if word.startswith(option) and "yaml:" not in word
    ]
    mounts = [mount.split(":")[:2] for mount in SERVICES[service]["volumes"]]
    (file,) = files
    found = [
        ROOT / outside / Path(file).relative_to(inside)
        for outside, inside in mounts
        if outside.startswith("./") and Path(file).is_relative_to(inside)
    ]
    assert [path.is_file() for path in found] == [True]


def test_every_variable_of_the_collectors_file_is_set() -> None:
    text = (ROOT / "observability" / "otel" / "collector.yaml").read_text()
    service = SERVICES["otel-collector"]
    assert set(VARIABLE.findall(text)) == service["environment"].keys()
    assert place(service["environment"]["JAEGER_ENDPOINT"])[0] in SERVICES
    # What the command changes is there to be changed.
    for word in service["command"]:
        path = word.partition("--config=yaml:")[2].partition(": ")[0].split("::")
        node: Any = COLLECTOR
        for step in path if path != [""] else []:
            assert step in node or step == "insecure", word
            node = node.get(step, {})


def test_the_collector_is_told_nothing_that_it_does_not_know() -> None:
    for kind in ("receivers", "processors", "exporters", "extensions"):
        for name, options in COLLECTOR[kind].items():
            assert options.keys() <= COMPONENTS[name.partition("/")[0]], name


def test_the_files_of_logins_are_those_that_provisioning_writes() -> None:
    roles = {"": SERVICE_ROLE, "MIGRATOR_": MIGRATOR_ROLE, "SEALER_": SEALER_ROLE}
    environment = SERVICES["core"]["environment"]
    for prefix, role in {**roles, "MAINTAINER_": MAINTAINER_ROLE}.items():
        files = BootstrapFiles.within(Path("/run/pandora/vault") / role)
        assert environment[f"PANDORA_VAULT__{prefix}ROLE_ID_FILE"] == str(files.role_id)
        assert environment[f"PANDORA_VAULT__{prefix}SECRET_ID_FILE"] == str(files.secret_id)
    assert "vault-logins:/run/pandora/vault:ro" in SERVICES["core"]["volumes"]
    assert "vault-logins:/run/pandora/vault" in SERVICES["provision"]["volumes"]
