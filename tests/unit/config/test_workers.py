"""How many workers there may be, and that what they share and what they do not fits together."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.config.loading import ConfigurationRefused, load
from core.config.worker_places import own_settings, sockets, worker_count

DEV = {"APP_ENV": "dev"}


def _refused(changes: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigurationRefused) as refusal:
        load({**DEV, **changes})
    return list(refusal.value.problems)


def test_one_process_serves_unless_more_are_asked_for() -> None:
    assert worker_count(load(DEV).core.workers) == 1
    most = {"PANDORA_CORE__WORKERS": "64", "PANDORA_POSTGRES__POOL_MAX_SIZE": "7"}
    assert load({**DEV, **most}).core.workers == 64


def test_zero_stands_for_the_processors_that_this_process_may_use() -> None:
    settings = load({**DEV, "PANDORA_CORE__WORKERS": "0"})
    assert worker_count(settings.core.workers) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("workers", ["-1", "65", "two", "1.5"])
def test_anything_else_is_refused(workers: str) -> None:
    (problem,) = _refused({"PANDORA_CORE__WORKERS": workers})
    assert "PANDORA_CORE__WORKERS" in problem


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"PANDORA_CORE__WORKERS": "6", "PANDORA_POSTGRES__POOL_MAX_SIZE": "84"},
            "core.workers times postgres.pool_max_size must not be above 500",
        ),
        (
            {"PANDORA_CORE__WORKERS": "2", "CORE_PORT": "0"},
            "core.port must not be 0 where core.workers is above 1",
        ),
        (
            {"PANDORA_CORE__WORKERS": "3", "PANDORA_CORE__WORKER_PORT": "65534"},
            "core.worker_port must leave room for 3 ports up to 65535",
        ),
        (
            {"PANDORA_CORE__WORKERS": "2", "PANDORA_CORE__WORKER_PORT": "50050"},
            "core.port and the ports from core.worker_port on must differ",
        ),
    ],
)
def test_what_workers_share_must_fit(changes: Mapping[str, str], problem: str) -> None:
    assert _refused(changes) == [problem]


def test_as_many_connections_as_the_bound_are_allowed() -> None:
    load({**DEV, "PANDORA_CORE__WORKERS": "5", "PANDORA_POSTGRES__POOL_MAX_SIZE": "100"})
    load({**DEV, "PANDORA_POSTGRES__POOL_MAX_SIZE": "500"})


def test_each_worker_has_a_socket_and_a_port_of_its_own_and_all_share_one() -> None:
    places = {
        "PANDORA_CORE__WORKERS": "3",
        "PANDORA_CORE__SOCKET": "/run/pandora/core.sock",
        "PANDORA_CORE__WORKER_PORT": "50061",
    }
    core = load({**DEV, **places}).core
    own = [own_settings(core, number) for number in range(3)]
    expected = tuple(
        Path("/run/pandora", name) for name in ("core.sock", "core.1.sock", "core.2.sock")
    )
    assert tuple(each.socket for each in own) == expected == sockets(core)
    assert [each.worker_port for each in own] == [50061, 50062, 50063]
    assert {each.port for each in own} == {core.port}
    assert all(each.reuse_port for each in own)
    assert not core.reuse_port


def test_where_there_is_neither_none_is_made() -> None:
    core = load({**DEV, "PANDORA_CORE__WORKERS": "2"}).core
    assert own_settings(core, 1).socket is None
    assert own_settings(core, 1).worker_port is None
    assert sockets(core) == ()
