"""Whether this process can serve: a probe for each dependency, and one answer for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

DETECTION_SECONDS: Final = 2.0
"""Within this time a dependency's loss or return is known."""

Listener = Callable[[bool], None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How to find out whether a dependency answers.

    `check` returns if it does and raises if it does not. It must not queue behind the service's
    own work: a pool that is merely busy is no dependency that is lost. Without a `required`
    dependency the process does not serve; any other is only reported.
    """

    name: str
    required: bool
    check: Callable[[], Awaitable[None]]
    interval_seconds: float = 0.5
    timeout_seconds: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a rhythm too slow for the promise of DETECTION_SECONDS."""
        slowest = self.interval_seconds + self.timeout_seconds
        if self.required and slowest >= DETECTION_SECONDS:
            raise ValueError(f"probe {self.name} may need {slowest} s to notice a loss")


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyState:
    """What is known of a dependency; `is_up` is None before the first probe.

    `since` is when it became so. `last_error` is the class of the latest failure and of its cause,
    also after it has passed.
    """

    name: str
    required: bool
    is_up: bool | None = None
    since: datetime
    last_error: str | None = None


class HealthBoard:
    """Probes every dependency in its rhythm, and tells listeners what has changed.

    All methods belong to one event loop.
    """

    def __init__(
        self,
        probes: tuple[Probe, ...],
        *,
        now: Callable[[], datetime],
        on_dependency: Callable[[DependencyState], None] = lambda _: None,
    ) -> None:
        """Take the probes, and who is told of each dependency's first state and every change."""
        self._probes = probes
        self._now = now
        self._on_dependency = on_dependency
        self._states = {
            probe.name: DependencyState(name=probe.name, required=probe.required, since=now())
            for probe in probes
        }
        self._listeners: list[Listener] = []
        self._serving = False
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def serving(self) -> bool:
        """Whether every required dependency answers, and the process is not about to end."""
        return self._serving

    def detail(self) -> Mapping[str, DependencyState]:
        """Return what is known of each dependency by its name."""
        return dict(self._states)

    def subscribe(self, listener: Listener) -> None:
        """Tell a listener the present answer at once, and every other one as it comes."""
        self._listeners.append(listener)
        listener(self._serving)

    async def start(self) -> None:
        """Probe everything once, then go on in the background."""
        await asyncio.gather(*(self._probe(probe) for probe in self._probes))
        self._decide()
        self._tasks = [
            asyncio.create_task(self._watch(probe), name=f"probe-{probe.name}")
            for probe in self._probes
        ]

    def drain(self) -> None:
        """Say «not serving» from now on, whatever the dependencies do."""
        self._draining = True
        self._decide()

    async def stop(self) -> None:
        """End the probing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _watch(self, probe: Probe) -> None:
        while True:
            await asyncio.sleep(probe.interval_seconds)
            try:
                await self._probe(probe)
                self._decide()
            except Exception:  # noqa: BLE001 - a listener's defect must not end the probing
                _log.exception("health_listener_failed", dependency=probe.name)

    async def _probe(self, probe: Probe) -> None:
        error = await _failure(probe)
        before = self._states[probe.name]
        is_up = error is None
        after = replace(before, is_up=is_up, last_error=error or before.last_error)
        if before.is_up is not is_up:
            after = replace(after, since=self._now())
        self._states[probe.name] = after
        if before.is_up is not is_up:
            self._report(after)

    def _report(self, state: DependencyState) -> None:
        if state.is_up:
            _log.info("dependency_up", dependency=state.name, required=state.required)
        else:
            _log.warning(
                "dependency_down",
                dependency=state.name,
                required=state.required,
                cause=state.last_error,
            )
        self._on_dependency(state)

    def _decide(self) -> None:
        required = (state for state in self._states.values() if state.required)
        serving = not self._draining and all(state.is_up for state in required)
        if serving != self._serving:
            self._serving = serving
            _log.info("serving" if serving else "not_serving", draining=self._draining)
            for listener in self._listeners:
                listener(serving)


async def _failure(probe: Probe) -> str | None:
    """Return the class of what went wrong, or None.

    A check that runs out of time is told to stop but not waited for, as it might not obey.
    """
    check = asyncio.ensure_future(probe.check())
    try:
        done, _ = await asyncio.wait({check}, timeout=probe.timeout_seconds)
    finally:
        if not check.done():
            check.cancel()
            check.add_done_callback(_look_at_error)
    if not done:
        return TimeoutError.__name__
    if check.cancelled():
        return asyncio.CancelledError.__name__
    error = check.exception()
    return None if error is None else _class_names(error)


def _class_names(error: BaseException) -> str:
    cause = error.__cause__
    return type(error).__name__ + (f" ({type(cause).__name__})" if cause is not None else "")


def _look_at_error(check: asyncio.Future[None]) -> None:
    """Keep asyncio from reporting an error that came after the verdict."""
    if not check.cancelled():
        check.exception()
