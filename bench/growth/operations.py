"""The operations that are compared, at one scale; each pair is measured one after the other."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.growth.scale import SESSIONS, Scale, lists, registrations
from bench.judging.verdict import Figure, Target
from bench.loads import wrk
from bench.loads.sample import Sample
from bench.service import calls
from bench.suite import generators
from bench.suite.generators import Run
from bench.suite.measure import Measure

LEAST_RATIO = 0.90
SMALL, LARGE = "small", "large"
_FASTEST_REGISTRATION = 400
"""A second, so that no address is sent twice."""
_PASSWORD = "correct-horse-battery-staple-7"  # noqa: S105 - of people who do not exist


def operations(scale: Scale, folder: Path, *, few: int, many: int) -> Iterator[Measure]:
    """Yield every operation, in the same order at every scale."""
    running, people, url = scale.running, scale.people, scale.running.gateway_url
    place = folder / scale.name

    def rest(name: str, asked: Sequence[wrk.RestRequest], connections: int) -> Run:
        return generators.rest(place / name, url, asked, connections)

    crowded = [_log_in(member.email, people.password) for member in scale.crowded]
    runs: dict[str, Run] = {
        "login": rest("login", calls.logins(people), few),
        "refresh": generators.refreshes(place / "refresh", url, people, few),
        "register": _register(place / "register", url, few),
        "get-me": rest("get-me", calls.own_accounts(people), many),
        "get-user": generators.grpc(
            place / "get-user", calls.get_user(running.core_address, people), many
        ),
        "introspect": generators.grpc(
            place / "introspect", calls.introspect(running.core_address, people), many
        ),
        **{name: rest(name, asked, few) for name, asked in lists(scale).items()},
        # One person's logins follow each other, whatever the number of connections.
        **{
            f"login-of-{count}": rest(f"login-of-{count}", [asked], 4)
            for count, asked in zip(SESSIONS, crowded, strict=True)
        },
    }
    for name, run in runs.items():
        yield Measure(
            name=f"{name}@{scale.name}",
            title=f"{name}, {scale.users:,} users",
            run=run,
            groups=running.groups,
            cores=running.core_metrics,
        )


def targets(names: Sequence[str]) -> list[Target]:
    """Return what each operation's throughput shall be at the large scale, by that at the small.

    And what having many sessions may cost whoever logs in or reads the own account.
    """
    by_size = [
        Target(
            title=f"{name}: large / small",
            figure=Figure(measure=f"{name}@{LARGE}"),
            others=(Figure(measure=f"{name}@{SMALL}"),),
            at_least=LEAST_RATIO,
        )
        for name in names
    ]
    one, many = SESSIONS
    by_sessions = [
        Target(
            title=f"{what} with {many} sessions / with {one}, large",
            figure=Figure(measure=f"{what}-of-{many}@{LARGE}"),
            others=(Figure(measure=f"{what}-of-{one}@{LARGE}"),),
            at_least=LEAST_RATIO,
        )
        for what in ("login", "get-me")
    ]
    return [*by_size, *by_sessions]


def _log_in(email: str, password: str) -> wrk.RestRequest:
    (request,) = calls.logins_of([email], password)
    return request


def _register(folder: Path, url: str, connections: int) -> Run:
    def run(seconds: int) -> Sample:
        asked = registrations(_FASTEST_REGISTRATION * (seconds + 1), _PASSWORD)
        return wrk.rotate(folder, url, asked, connections=connections, seconds=seconds)

    return run
