"""What wrk, h2load and pgbench write is read as it is meant, and never taken for more."""

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.loads import h2load, hashing, pgbench, wrk
from bench.loads.sample import Sample, percentile
from bench.service.outcomes import count_refusals
from bench.suite.measure import with_errors

H2LOAD = """\
finished in 2.01s, 1030.00 req/s, 171.00KB/s
requests: 2060 total, 2068 started, 2060 done, 2060 succeeded, 0 failed, 0 errored, 0 timeout
status codes: {good} 2xx, 0 3xx, 0 4xx, {bad} 5xx
traffic: 342.00KB (350210) total, 6.62KB (6780) headers (space savings 95.94%), 221KB ({data}) data
"""
ANSWER_BYTES = 105
WHOLE = 110
LOG = ["1795549420938057\t200\t10000", "1795549420938034\t200\t30000", "1\t503\t999000"]


def told(*, data: int, good: int = 2060) -> h2load.Told:
    output = H2LOAD.format(data=data, good=good, bad=2060 - good)
    return h2load.read_summary(output, LOG)


def test_answers_of_the_known_length_are_no_errors() -> None:
    sample = h2load.gather([told(data=2060 * WHOLE)], [ANSWER_BYTES], seconds=2)
    assert (sample.requests, sample.errors) == (2060, 0)
    assert sample.per_second == 1030


def test_a_success_without_its_message_is_a_grpc_error() -> None:
    sample = h2load.gather([told(data=2050 * WHOLE)], [ANSWER_BYTES], seconds=2)
    assert (sample.requests, sample.errors) == (2050, 10)


def test_a_message_that_is_too_short_is_an_error_as_well() -> None:
    sample = h2load.gather([told(data=2060 * WHOLE - 1)], [ANSWER_BYTES], seconds=2)
    assert sample.errors == 1


def test_bodies_of_calls_that_were_cut_off_at_the_end_hide_no_success() -> None:
    sample = h2load.gather([told(data=2065 * WHOLE)], [ANSWER_BYTES], seconds=2)
    assert (sample.requests, sample.errors) == (2060, 0)


def test_an_http_error_is_no_answer_and_its_time_is_not_counted() -> None:
    one = told(data=2000 * WHOLE, good=2000)
    sample = h2load.gather([one], [ANSWER_BYTES], seconds=2)
    assert (sample.requests, sample.errors) == (2000, 60)
    assert sample.p999_ms == 30


def test_several_programs_make_one_sample() -> None:
    first, second = told(data=2060 * WHOLE), told(data=2059 * 205)
    sample = h2load.gather([first, second], [ANSWER_BYTES, 200], seconds=2)
    assert (sample.requests, sample.errors) == (4119, 1)


@pytest.mark.parametrize("output", ["", "h2load: unrecognised option", H2LOAD.splitlines()[1]])
def test_what_h2load_does_not_write_is_refused(output: str) -> None:
    with pytest.raises(BenchError, match="h2load"):
        h2load.read_summary(output, [])


def test_a_core_that_tells_of_more_refusals_is_believed() -> None:
    sample = Sample(requests=100, seconds=1, errors=2)
    assert with_errors(sample, 5) == Sample(requests=97, seconds=1, errors=5)
    assert with_errors(sample, 1) == sample
    assert with_errors(Sample(requests=1, seconds=1), 9).requests == 0


def test_a_core_tells_of_every_code_but_ok_and_of_nobody_who_left() -> None:
    text = """\
# TYPE pandora_rpc_requests_total counter
pandora_rpc_requests_total{rpc="A",code="OK",reason=""} 900.0
pandora_rpc_requests_total{rpc="A",code="UNAVAILABLE",reason="SERVER_BUSY"} 3.0
pandora_rpc_requests_total{rpc="B",code="UNAUTHENTICATED",reason="TOKEN_INVALID"} 4.0
pandora_rpc_requests_total{rpc="B",code="CANCELLED",reason=""} 64.0
# TYPE pandora_logins_total counter
pandora_logins_total{outcome="failure",reason="INVALID_CREDENTIALS"} 50.0
"""
    assert count_refusals(text) == 7


def test_what_wrk_says_at_the_end_is_read() -> None:
    line = (
        '{"requests": 120, "seconds": 2.0, "refused": 20, "broken": 3,'
        ' "p50_ms": 1.5, "p99_ms": 9.0, "p999_ms": 12.0}'
    )
    sample = wrk.read_summary(f"Running 2s test\n  1 threads\n\n{line}\n")
    # Refused ones were answered, broken ones were not.
    assert (sample.requests, sample.errors, sample.per_second) == (100, 23, 50)
    assert (sample.p50_ms, sample.p99_ms, sample.p999_ms) == (1.5, 9.0, 12.0)


@pytest.mark.parametrize("output", ["", "unable to connect", '{"requests": 1}', "{}"])
def test_what_wrk_does_not_write_is_refused(output: str) -> None:
    with pytest.raises(BenchError, match="wrk"):
        wrk.read_summary(output)


def test_a_request_is_one_line_for_the_script() -> None:
    request = wrk.RestRequest(
        method="POST", path="/a", token="t", client="192.0.2.1", body='{"b": 1}'
    )
    assert request.line == 'POST\t/a\tt\t192.0.2.1\t{"b": 1}'


def test_a_build_that_is_not_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="the wheel"):
        hashing.verifications(seconds=0, threads=1, build=tmp_path)


PGBENCH = """\
number of transactions actually processed: 6818
number of failed transactions: 0 (0.000%)
latency average = 4.693 ms
initial connection time = 20.1 ms
tps = 3409.000000 (without initial connection time)
"""


def test_what_pgbench_says_is_read() -> None:
    sample = pgbench.read_summary(PGBENCH)
    assert sample.requests == 6818
    assert sample.per_second == pytest.approx(3409)
    assert sample.errors == 0


def test_a_pgbench_that_did_nothing_is_refused() -> None:
    with pytest.raises(BenchError, match="pgbench"):
        pgbench.read_summary(PGBENCH.replace("3409.000000", "0.000000"))


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(value) for value in range(1, 1001)]
    assert percentile(values, 0.5) == 501
    assert percentile(values, 0.99) == 991
    assert percentile(values, 1.0) == 1000
    assert percentile([], 0.99) == 0
