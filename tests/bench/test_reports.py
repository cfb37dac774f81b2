"""Reports say what was measured, and what was not; profiles say who was running."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.growth.plans import Change, Plan, numbered
from bench.judging.verdict import Verdict
from bench.loads.sample import Sample
from bench.profiling import groups
from bench.profiling.py_spy import read_stacks
from bench.report.__main__ import BEGIN, END, published
from bench.report.document import Report, write

ROUNDS = [
    Sample(requests=90, seconds=1, p50_ms=10, p99_ms=20, cpu_ms={"core": 2.0}),
    Sample(requests=110, seconds=1, p50_ms=12, p99_ms=24, cpu_ms={"core": 4.0}),
    Sample(requests=100, seconds=1, errors=3, p50_ms=11, p99_ms=22, cpu_ms={"core": 3.0}),
]
REPORT = Report(
    facts={"rounds": 3},
    titles={"login": "login, REST (16)", "start": "start"},
    samples={"login": ROUNDS, "start": [Sample(requests=1, seconds=2)]},
    verdicts=[
        Verdict(title="login / bound", value=0.8, least=0.7, most=0.9, bound="≥ 0.9", met=False)
    ],
)


def test_tables_have_medians_spreads_errors_and_verdicts(tmp_path: Path) -> None:
    text = write(REPORT, tmp_path)
    assert "| login, REST (16) | 100 | 90 to 110 | 11.0 | 22.0 |  | 3 |" in text
    assert "| login / bound | ≥ 0.9 | 0.80 | 0.70 to 0.90 | **falls short** |" in text
    assert "| login, REST (16) | 3.000 |" in text
    assert (tmp_path / "bench.md").read_text() == text


def test_what_others_have_published_is_marked_as_not_measured(tmp_path: Path) -> None:
    text = write(REPORT, tmp_path)
    before, mark, after = text.partition("**Not measured in this run**")
    assert mark
    assert "better-auth" not in before
    assert "better-auth" in after
    document = json.loads((tmp_path / "bench.json").read_text())
    assert set(document["measures"]) == {"login", "start"}


def test_the_document_keeps_every_round(tmp_path: Path) -> None:
    write(REPORT, tmp_path)
    document = json.loads((tmp_path / "bench.json").read_text())
    rounds = document["measures"]["login"]["rounds"]
    assert [one["per_second"] for one in rounds] == [90, 110, 100]
    assert rounds[2]["errors"] == 3
    assert document["verdicts"][0]["met"] is False


def test_the_plot_is_svg_and_names_what_it_shows(tmp_path: Path) -> None:
    write(REPORT, tmp_path)
    drawn = ET.fromstring((tmp_path / "bench.svg").read_text())  # noqa: S314 - written here
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "login, REST (16)" in texts
    assert "start" not in texts
    assert "100" in texts


def test_tables_are_put_between_the_marks_and_nowhere_else() -> None:
    document = f"# Title\n\n{BEGIN}\nold\n{END}\nafter\n"
    once = published(document, "| new |\n")
    assert "old" not in once
    assert once.startswith("# Title")
    assert once.endswith("after\n")
    assert published(once, "| new |\n") == once
    with pytest.raises(ValueError, match="lacks"):
        published("# Title", "| new |")


def test_own_time_is_that_of_the_innermost_function() -> None:
    text = (
        "run (/x/asyncio/runners.py:1);verify (/y/site-packages/jwt/api_jwt.py:9) 30\n"
        "run (/x/asyncio/runners.py:1);send (/y/site-packages/psycopg/connection.py:9) 20\n"
        "run (/x/asyncio/runners.py:1) 10\n"
        "boot (/x/threading.py:3);_worker (/x/concurrent/futures/thread.py:81) 500\n"
        "not a stack\n"
    )
    assert groups.own_time(read_stacks(text)) == {
        "tokens (PyJWT, cryptography)": 30,
        "psycopg (and libpq below it)": 20,
        "event loop (asyncio, uvloop, gRPC's C core below it)": 10,
    }


def test_our_own_modules_are_told_by_their_rooms() -> None:
    root = groups.__file__.removesuffix("bench/profiling/groups.py")
    assert groups.group(f"run ({root}core/middleware/pipeline.py:10)") == "core/middleware"
    assert groups.group(f"answer ({root}gateway/dispatch.py:10)") == "gateway"
    assert groups.group("<module> (<string>:1)") == "other"


def test_parameters_are_numbered_by_their_names() -> None:
    text = "SELECT 1 FROM t WHERE a = %(a)s AND b > %(b)s OR a = %(a)s AND c LIKE 'x%%';\n"
    expected = "SELECT 1 FROM t WHERE a = $1 AND b > $2 OR a = $1 AND c LIKE 'x%'"
    assert numbered(text) == expected


@pytest.mark.parametrize(
    ("shape", "cost", "notable"),
    [("Index Scan(a)", 9, False), ("Index Scan(a)", 20, True), ("Seq Scan(a)", 8, True)],
)
def test_another_plan_or_a_far_dearer_one_is_notable(
    shape: str,
    cost: float,
    notable: bool,  # noqa: FBT001
) -> None:
    small = Plan(statement="s", shape="Index Scan(a)", cost=8)
    assert Change(small=small, large=Plan(statement="s", shape=shape, cost=cost)).is_notable is (
        notable
    )
