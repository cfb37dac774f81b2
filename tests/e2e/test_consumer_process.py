"""`python -m core consume` as a process that is killed, and what an operator does afterwards.

`make consumer-long` tells more events: CONSUMER_EVENTS, 10,000 there.
"""

import json
import os
import random
import signal
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

import pytest

from devstack.service_environment import CONSUMER_METRICS_PORT
from tests.e2e.site import Site
from tests.integration.consumer_scene import ConsumerScene, decision

_EVENTS: Final = int(os.environ.get("CONSUMER_EVENTS", "1000"))
_SECONDS: Final = 60 + _EVENTS / 10
"""Longest wait: far more than the slowest machine takes."""
# Three processes of one host: each needs a port of its own.
_ANY_PORT: Final = {CONSUMER_METRICS_PORT: "0"}
_HASTY: Final = {"PANDORA_CONSUMER__CLAIM_IDLE_SECONDS": "1"}


@pytest.fixture
async def scene(site: Site) -> AsyncIterator[ConsumerScene]:
    async with ConsumerScene(site.servers, site.database, site.inbound_stream) as scene:
        yield scene


async def test_each_valid_event_is_applied_once_and_each_malformed_one_put_aside_despite_kills(
    site: Site, scene: ConsumerScene
) -> None:
    malformed_count, repeat_count = _EVENTS // 20, _EVENTS // 10
    people = await scene.people(_EVENTS - malformed_count - repeat_count)
    valid = [decision(user_id) for user_id in people]
    chance = random.Random(20260314)
    faulty: list[Mapping[str, Any] | str] = [
        "{",
        "[]",
        decision("nobody"),
        decision(people[0], "approved"),
    ]
    malformed = chance.choices(faulty, k=malformed_count)
    told: list[Mapping[str, Any] | str] = [*valid, *chance.sample(valid, repeat_count), *malformed]
    chance.shuffle(told)
    replicas = [site.start("core", "consume", **_ANY_PORT, **_HASTY) for _ in range(3)]
    for replica in replicas:
        replica.wait_until(lambda: replicas[0].stdout.count('"consuming"') == 3)
    scene.tell(*told)

    def handled() -> int:
        return int(scene.rows("SELECT count(*) FROM consumed_events")[0][0])

    def has_handled(share: float) -> bool:
        return handled() >= share * len(people)

    for share, killed in zip((0.2, 0.5), replicas, strict=False):
        replicas[2].wait_until(partial(has_handled, share), seconds=_SECONDS)
        killed.kill()
        assert killed.exit_code(seconds=30) == -signal.SIGKILL
    replicas[2].wait_until(scene.is_settled, seconds=_SECONDS)
    replicas[2].stop()
    assert handled() == len(people)
    assert scene.effects(*people) == {(len(people), len(people))}
    assert len(scene.letters()) == malformed_count
    assert {letter["reason"] for letter in scene.letters()} == {"MALFORMED_EVENT"}
    print(f"{len(told)} events told, {handled()} applied once, {malformed_count} dead letters")


async def test_an_operator_sees_dead_letters_and_replays_them(
    site: Site, scene: ConsumerScene
) -> None:
    (anna,) = await scene.people(1)
    too_soon = decision(anna, "rejected", reason="  ", confidential="a word")
    scene.tell(too_soon, "{")
    consumer = site.start("core", "consume", **_HASTY)
    consumer.wait_until(scene.is_settled)
    consumer.stop()

    listed = site.run("core", "events", "dead-letters")
    assert (listed.returncode, listed.stderr) == (0, "")
    first, second = (json.loads(line) for line in listed.stdout.splitlines())
    assert first["reason"] == "KYC_REASON_REQUIRED"
    assert (first["event_id"], first["event_type"]) == (too_soon["id"], "kyc.review.completed")
    assert (second["reason"], second["event_id"]) == ("MALFORMED_EVENT", None)
    assert "a word" not in listed.stdout
    shown = site.run("core", "events", "dead-letters", "--limit", "1", "--show-payload")
    assert json.loads(json.loads(shown.stdout)["event"]) == too_soon

    replayed = site.run("core", "events", "replay", first["id"])
    assert replayed.returncode == 0
    assert json.loads(replayed.stdout)["id"] == first["id"]
    again = site.run("core", "events", "replay", first["id"])
    assert (again.returncode, again.stdout) == (1, "")
    assert f"there is no dead letter {first['id']}" in again.stderr
    everything = site.run("core", "events", "replay", "--all")
    assert [json.loads(line)["id"] for line in everything.stdout.splitlines()] == [second["id"]]
    assert scene.letters() == []
    assert scene.redis.xlen(scene.stream) == 4
