"""The collector's configuration: whole, in the right order, and nothing personal gets through.

No collector runs here: what is checked is what its documentation asks of each component.
"""

from pathlib import Path
from typing import Any

import tools
from tools.watching.yaml_text import load

FILE = Path(tools.__file__).resolve().parent.parent / "observability" / "otel" / "collector.yaml"
PERSONAL = ("user.email", "user.id", "client.address", "user_agent.original", "url.full")


def configuration() -> dict[str, Any]:
    document: dict[str, Any] = load(FILE)
    return document


def test_every_component_of_a_pipeline_is_defined_and_every_one_defined_is_used() -> None:
    document = configuration()
    pipelines = document["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in pipeline[kind]}
        assert used == set(document[kind]), kind
    assert set(document["service"]["extensions"]) == set(document["extensions"])


def test_memory_is_limited_first_and_batches_are_made_last() -> None:
    for pipeline in configuration()["service"]["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-1] == "batch"
        assert "attributes/no_personal_data" in pipeline["processors"]


def test_personal_attributes_are_deleted() -> None:
    actions = configuration()["processors"]["attributes/no_personal_data"]["actions"]
    assert {action["action"] for action in actions} == {"delete"}
    keys = {action.get("key") for action in actions}
    assert keys.issuperset(PERSONAL)
    assert all(("key" in action) != ("pattern" in action) for action in actions)


def test_spans_come_in_and_go_out_by_tls() -> None:
    document = configuration()
    receiver = document["receivers"]["otlp"]["protocols"]["grpc"]["tls"]
    assert {"cert_file", "key_file"} <= set(receiver)
    assert receiver["min_version"] == "1.2"
    for exporter in document["exporters"].values():
        assert "ca_file" in exporter["tls"]
        assert not exporter["tls"].get("insecure", False)
