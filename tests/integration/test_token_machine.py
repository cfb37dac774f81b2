"""Refresh, logout, revocation, password change and time in any order, several clients at once.

However they meet: a session never has two living tokens, no token lives after a revocation, and
an honest client is never logged out. `make tokens-long` takes many more steps.
"""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.token_actions import (
    Action,
    ChangePassword,
    Delete,
    Device,
    EndOthers,
    LogOut,
    Revoke,
    Suspend,
)
from tests.integration.token_stage import (
    ABROAD,
    HOME,
    NEXT_DOOR,
    OTHER_BROWSER,
    Place,
    Stage,
    stage_on,
)
from tests.servers import Database

IS_LONG = "PANDORA_TOKEN_STEPS" in os.environ
STEPS = int(os.environ.get("PANDORA_TOKEN_STEPS", "120"))
STEPS_PER_RUN = 30
MAX_DEVICES = 10

DAY = 24 * 3600
PAUSES = [*(0.5, 5, 9.999, 10, 10.001, 20, 600, 900) * 3, DAY, 7 * DAY - 1, 7 * DAY]
KINDS = [
    *("refresh", "refresh", "lose the answer") * 5,
    "steal",
    "steal",
    "log out",
    "revoke",
    "end others",
    "change the password",
    "suspend",
    "delete",
]

_SHRINK = (Phase.shrink,) if IS_LONG else ()

numbers = st.integers(0, 1000)
at_home = st.sampled_from([HOME, NEXT_DOOR])
anywhere = st.sampled_from([HOME, NEXT_DOOR, OTHER_BROWSER, ABROAD])


class TokenMachine(RuleBasedStateMachine):
    """One play on the stage. Numbers choose among whatever there is at the moment."""

    stage: Stage
    runner: asyncio.Runner
    sound = True
    """Whether nothing has failed yet."""

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        self.sound = False
        self.runner.run(work)
        self.sound = True

    def perform(self, *actions: Action) -> None:
        self.do(self.stage.perform(actions))

    def device(self, number: int) -> Device:
        return self.stage.devices[number % len(self.stage.devices)]

    def living(self, number: int) -> Device:
        """Choose a device with a living session, or any where there is none."""
        now = self.stage.world.clock.now()
        living = [one for one in self.stage.devices if one.session.is_alive(now)]
        return living[number % len(living)] if living else self.device(number)

    def any_token(self, device: Device, number: int) -> str:
        # From the newest backwards: most is decided by the last three.
        tokens = device.session.tokens[::-1]
        return tokens[number % min(len(tokens), 4)]

    @initialize()
    def begin(self) -> None:
        self.stage.people.clear()
        for _ in range(2):
            self.do(self.stage.register())
            self.do(self.stage.log_in(self.stage.people[-1]))

    @precondition(lambda self: len(self.stage.devices) < MAX_DEVICES)
    @rule(number=numbers)
    def log_in(self, number: int) -> None:
        self.do(self.stage.log_in(self.stage.people[number % len(self.stage.people)]))

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: float) -> None:
        self.stage.world.clock.advance(seconds)

    @rule()
    def rotate_the_key(self) -> None:
        self.stage.rotate_key()

    @rule(number=numbers, place=at_home, lost=st.booleans())
    def refresh(self, number: int, place: Place, lost: bool) -> None:  # noqa: FBT001
        self.perform(self.stage.honest(self.living(number), place, lost=lost))

    @rule(number=numbers, tabs=st.integers(2, 8), place=at_home)
    def race_of_tabs(self, number: int, tabs: int, place: Place) -> None:
        device = self.living(number)
        self.perform(*(self.stage.honest(device, place) for _ in range(tabs)))

    @rule(number=numbers, seconds=st.sampled_from([0, 5, 9.999, 10]))
    def late_tab(self, number: int, seconds: float) -> None:
        device = self.living(number)
        on_time, late = (self.stage.honest(device, place) for place in (HOME, NEXT_DOOR))
        self.perform(on_time)
        self.stage.world.clock.advance(seconds)
        self.perform(late)

    @rule(number=numbers, which=numbers, place=anywhere, knows_name=st.booleans())
    def steal(self, number: int, which: int, place: Place, knows_name: bool) -> None:  # noqa: FBT001
        device = self.living(number)
        token = self.any_token(device, which)
        self.perform(self.stage.theft(device, token, place, knows_name=knows_name))

    @rule(number=numbers, times=st.integers(9, 13))
    def flood(self, number: int, times: int) -> None:
        device = self.living(number)
        token = self.any_token(device, 1)
        self.perform(*(self.stage.theft(device, token, HOME) for _ in range(times)))

    @rule(
        acts=st.lists(
            st.tuples(st.sampled_from(KINDS), numbers, numbers, anywhere), min_size=2, max_size=8
        )
    )
    def storm(self, acts: Sequence[tuple[str, int, int, Place]]) -> None:
        self.perform(*(self.action(*act) for act in acts))
        self.do(self.stage.make_amends())

    @rule(number=numbers)
    def knock_on_a_dead_session(self, number: int) -> None:
        now = self.stage.world.clock.now()
        dead = [one for one in self.stage.devices if not one.session.is_alive(now)]
        if dead:
            device = dead[number % len(dead)]
            tokens = device.session.tokens
            self.perform(*(self.stage.theft(device, token, HOME) for token in tokens))

    @invariant()
    def rows_agree_with_the_model(self) -> None:
        self.stage.check_rows()

    def teardown(self) -> None:
        if not self.sound:
            return
        self.do(self.stage.check_access_tokens(self.stage.devices))
        for device in self.stage.devices:
            if device.must_live():
                self.perform(self.stage.honest(device))

    def action(self, kind: str, number: int, which: int, place: Place) -> Action:
        match kind:
            case "refresh" | "lose the answer":
                home = place if place in {HOME, NEXT_DOOR} else HOME
                lost = kind == "lose the answer"
                return self.stage.honest(self.living(number), home, lost=lost)
            case "steal":
                device = self.living(number)
                return self.stage.theft(device, self.any_token(device, which), place)
            case _:
                return self.ending(kind, self.device(number), which)

    def ending(self, kind: str, device: Device, which: int) -> Action:
        caller = self.stage.caller(device=device)
        match kind:
            case "log out":
                token = self.any_token(device, which)
                return LogOut(device=device, refresh_token=token, caller=self.stage.caller())
            case "revoke":
                return Revoke(device=device, caller=caller)
            case "end others":
                return EndOthers(device=device, caller=caller)
            case "change the password":
                new = self.stage.new_name("a password that nobody has had")
                return ChangePassword(device=device, new_password=new, caller=caller)
            case "suspend":
                return Suspend(person=device.person, caller=self.stage.caller())
            case _:
                return Delete(person=device.person, caller=self.stage.caller())


def test_sessions_under_races_thefts_and_endings(module_database: Database) -> None:
    with asyncio.Runner() as runner:
        opened = stage_on(module_database)
        stage = runner.run(opened.__aenter__())
        try:
            machine = type("Play", (TokenMachine,), {"stage": stage, "runner": runner})
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=max(1, STEPS // STEPS_PER_RUN),
                    stateful_step_count=STEPS_PER_RUN,
                    deadline=None,
                    derandomize=not IS_LONG,
                    # Shrinking takes minutes; the long form has them.
                    phases=[*(Phase.explicit, Phase.reuse, Phase.generate), *_SHRINK],
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
