"""Rules, alerts, runbooks and dashboards name what exists, and are there for each other."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

import tools
from core.__main__ import _parser
from core.config.keys import catalogue
from tools.watching.catalogue import all_series, own_series
from tools.watching.check import check
from tools.watching.expressions import Matcher, Selector, alternatives, read
from tools.watching.references import findings

ROOT = Path(tools.__file__).resolve().parent.parent
COMMAND = re.compile(r"python -m core ([a-z-]+(?: [a-z-]+)*)")
SETTING = re.compile(r"`([a-z]+\.[a-z_]+)(?:: [a-z]+)?`")
NO_SETTINGS = frozenset({"dependency.postgres", "auth.login", "user.set_role"})


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what is checked, to be broken."""
    shutil.copytree(ROOT / "observability", tmp_path / "observability")
    shutil.copytree(ROOT / "docs" / "runbooks", tmp_path / "docs" / "runbooks")
    return tmp_path


def problems(root: Path) -> str:
    return "\n".join(str(finding) for finding in check(root))


def test_rules_dashboards_and_runbooks_agree_with_the_code_and_with_each_other() -> None:
    assert problems(ROOT) == ""


@pytest.mark.parametrize(
    ("file", "before", "after", "problem"),
    [
        ("events", "pandora_dead_letters", "pandora_deadletters", "no series pandora_deadletters"),
        ("events", "by (cause)", "by (reason)", "has a label reason"),
        ("dependencies", 'dependency="vault"', 'dependency="bank"', "never «bank»"),
        ("dependencies", 'state="idle"', 'status="idle"', "has no label status"),
        ("security", 'reason="TOKEN_INVALID"', 'reason="TOKEN_FORGED"', "never «TOKEN_FORGED»"),
        ("mail", "severity: ticket", "severity: shrug", "severity is none of"),
        ("audit", "alert: PandoraAuditUnsealed", "alert: PandoraAuditOpen", "no unit test shows"),
        ("audit", "{{ $labels.cause }}", "{{ $labels.kind }}", "no label kind"),
        ("slo_recording", "0.001", "0.1", "is not what `make observability` writes"),
    ],
)
def test_a_rule_that_names_what_does_not_exist_is_found(
    copy: Path, file: str, before: str, after: str, problem: str
) -> None:
    rules = copy / "observability" / "prometheus" / "rules" / f"{file}.yml"
    text = rules.read_text()
    assert before in text
    rules.write_text(text.replace(before, after))
    assert problem in problems(copy)


def test_an_alert_without_a_runbook_and_a_runbook_without_an_alert_are_found(copy: Path) -> None:
    runbooks = copy / "docs" / "runbooks"
    (runbooks / "PandoraRedisDown.md").rename(runbooks / "PandoraRedisAway.md")
    found = problems(copy)
    assert "PandoraRedisDown.md has no «## What it means»" in found
    assert "PandoraRedisAway.md: there is no such alert" in found


def test_a_dashboard_that_asks_for_what_does_not_exist_is_found(copy: Path) -> None:
    file = copy / "observability" / "grafana" / "dashboards" / "pandora-user-audit.json"
    file.write_text(file.read_text().replace("pandora_audit_seals_total", "pandora_seals_total"))
    assert "there is no series pandora_seals_total" in problems(copy)


def test_every_dashboard_is_one_that_grafana_can_read() -> None:
    files = sorted((ROOT / "observability" / "grafana" / "dashboards").glob("*.json"))
    assert len(files) == 6
    for file in files:
        document = json.loads(file.read_text())
        assert document["uid"] == file.stem
        assert document["schemaVersion"] >= 39
        ids = [panel["id"] for panel in document["panels"]]
        assert len(ids) == len(set(ids))
        assert all(panel["targets"] for panel in document["panels"])


def test_grafana_finds_the_data_sources_that_the_dashboards_use() -> None:
    grafana = ROOT / "observability" / "grafana"
    sources = yaml.safe_load((grafana / "provisioning/datasources/pandora.yaml").read_text())
    known = {source["uid"] for source in sources["datasources"]}
    used = re.findall(
        r'"uid": "(pandora-(?:prometheus|jaeger))"',
        "".join(file.read_text() for file in (grafana / "dashboards").glob("*.json")),
    )
    assert set(used) <= known
    provider = yaml.safe_load((grafana / "provisioning/dashboards/pandora.yaml").read_text())
    assert provider["providers"][0]["type"] == "file"


def test_runbooks_name_commands_and_settings_that_exist() -> None:
    settings = frozenset(catalogue())
    for file in sorted((ROOT / "docs" / "runbooks").glob("Pandora*.md")):
        text = file.read_text()
        for words in COMMAND.findall(text):
            _follow(words.split(), file.name)
        for setting in SETTING.findall(text):
            assert setting in settings | NO_SETTINGS, f"{file.name}: {setting}"


def test_an_expression_is_read_for_its_metrics_matchers_and_labels() -> None:
    asked = read('sum by (a) (rate(x_total{b=~"c|d.*",e!=""}[5m])) / on (f) y offset 1h > 2')
    matchers = (
        Matcher(label="b", sign="=~", text="c|d.*"),
        Matcher(label="e", sign="!=", text=""),
    )
    assert asked.selectors == [
        Selector(metric="x_total", matchers=matchers),
        Selector(metric="y", matchers=()),
    ]
    assert asked.labels == {"a", "f"}
    assert alternatives(matchers[0]) == ["c"]


def test_a_selector_without_a_metric_is_refused() -> None:
    (finding,) = findings("here", '{job="x"}', all_series())
    assert "without a metric's name" in finding.problem


def test_the_catalogue_has_counters_gauges_histograms_and_live_numbers() -> None:
    series = own_series()
    assert series["pandora_rpc_duration_seconds_bucket"] == {"rpc", "le"}
    assert series["pandora_gateway_requests_total"] == {"method", "route", "status"}
    assert series["pandora_postgres_pool_connections"] == {"state"}
    assert series["pandora_hashing_refused_total"] == {"reason"}
    assert "process_start_time_seconds" in series


def _follow(words: list[str], place: str) -> None:
    """Walk down the parser as far as words are commands."""
    parser = _parser()
    for word in words:
        groups = [each.choices for each in parser._actions if isinstance(each.choices, dict)]
        if not groups or word.startswith("-"):
            return
        assert word in groups[0], f"{place}: python -m core {' '.join(words)}"
        parser = groups[0][word]


def test_prometheus_looks_for_the_ports_that_the_manifests_open() -> None:
    manifests = "".join(file.read_text() for file in (ROOT / "k8s" / "base").glob("*.yaml"))
    opened = set(re.findall(r"name: (metrics-[a-z]+)", manifests))
    looked_for = (ROOT / "observability" / "prometheus" / "kubernetes.yml").read_text()
    assert opened == set(re.findall(r"pandora-user;(metrics-[a-z]+)", looked_for))
    assert "app.kubernetes.io/part-of: pandora-user" in manifests
