"""The targets of `make bench`: ratios of what is measured in one run."""

from typing import Final

from bench.judging.verdict import Figure, Target

_ECHO_FEW: Final = (Figure(measure="echo-rest-few"),)
_ECHO_MANY: Final = (Figure(measure="echo-rest-many"),)
_ECHO_GRPC: Final = (Figure(measure="echo-grpc"),)

TARGETS: Final = (
    Target(
        title="login / fastest Argon2id bound",
        figure=Figure(measure="login"),
        others=(Figure(measure="argon2-wheel"), Figure(measure="argon2-build")),
        at_least=0.90,
    ),
    Target(
        title="refresh / aiohttp → grpc.aio echo",
        figure=Figure(measure="refresh"),
        others=_ECHO_FEW,
        at_least=0.33,
    ),
    Target(
        title="get-me / aiohttp → grpc.aio echo",
        figure=Figure(measure="get-me"),
        others=_ECHO_MANY,
        at_least=0.70,
    ),
    Target(
        title="GetUser / grpc.aio echo",
        figure=Figure(measure="get-user"),
        others=_ECHO_GRPC,
        at_least=0.60,
    ),
    Target(
        title="IntrospectToken / grpc.aio echo",
        figure=Figure(measure="introspect"),
        others=_ECHO_GRPC,
        at_least=0.60,
    ),
    Target(
        title="gateway's own CPU a request / bare aiohttp → gRPC handler's",
        figure=Figure(measure="gateway-echo", name="cpu_ms:gateway"),
        others=(Figure(measure="echo-rest-many", name="cpu_ms:gateway"),),
        at_most=1.25,
    ),
    Target(
        title="p99 of GetUser at 200/s beside logins / without",
        figure=Figure(measure="reads-beside-logins", name="p99_ms"),
        others=(Figure(measure="reads-calm", name="p99_ms"),),
        at_most=2.5,
    ),
    # At most a quarter of the refreshes that there could be without them.
    Target(
        title="refresh with audit rows and events / without",
        figure=Figure(measure="refresh"),
        others=(Figure(measure="refresh-unrecorded"),),
        at_least=0.75,
    ),
    Target(
        title="memory of an idle core worker",
        figure=Figure(measure="start", name="idle_mib"),
        at_most=120,
        unit="MiB",
    ),
    Target(
        title="core's start to SERVING",
        figure=Figure(measure="start", name="seconds"),
        at_most=2.5,
        unit="s",
    ),
)
