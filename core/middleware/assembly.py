"""The order of the stages, which is where their meaning lies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import ServiceDescriptor
from opentelemetry.trace import Tracer

from core.config.service_identities import ServiceIdentity
from core.domain.ports.authenticator import Authenticator
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.ports.idempotency import IdempotentCalls
from core.domain.rate_limit import RateClass
from core.middleware.access import Access
from core.middleware.access_rule import access_rules
from core.middleware.authentication import Authentication
from core.middleware.call import Stage
from core.middleware.call_logger import CallLogger
from core.middleware.client_certificate import CertifiedServices
from core.middleware.deadline import Deadline, DeadlineLimits, time_limits
from core.middleware.errors import Errors
from core.middleware.idempotency import Idempotency
from core.middleware.logging import CallLog, CallMetrics
from core.middleware.origin import Origins, TrustedPeers
from core.middleware.pipeline import Pipeline
from core.middleware.rate_limit import RateLimits, RateParts, rate_classes
from core.middleware.reading import Readability
from core.middleware.standing import Standing, streaming_methods
from core.middleware.tracing import Tracing
from core.middleware.validation import Validation

FOREIGN_SERVICES = frozenset(
    {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }
)
"""Services of grpc's own packages: open to anyone, where the server registers them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineParts:
    """What the stages need; `seconds` is a monotonic clock, `clock` tells the time of day."""

    authenticator: Authenticator
    metrics: CallMetrics
    tracer: Tracer
    log: CallLogger
    ids: IdGenerator
    clock: Clock
    seconds: Callable[[], float]
    trusted_peers: TrustedPeers
    deadlines: DeadlineLimits
    recent_authentication_seconds: int
    rates: RateParts
    idempotent_calls: IdempotentCalls
    service_identities: Sequence[ServiceIdentity] = ()


def build_pipeline(parts: PipelineParts, services: Sequence[ServiceDescriptor]) -> Pipeline:
    """Build the pipeline of a server of these services.

    Errors stand outermost, so that a fault in any other stage is answered in the same form;
    log and trace see the error itself on its way out. Authentication comes before the access
    rule, and both before the request is looked into: strangers learn nothing from validation.
    Calls are counted once it is known whose they are, and before they cost any work; those with an
    idempotency key twice: as such, and by their kind where they are really made.

    Raises:
        AccessRuleInvalid: an access rule, or what it says of keys, makes no sense, or a service
            is narrowed to an RPC that does not exist.
        protovalidate.CompilationError: a field rule makes no sense.
    """
    rules = access_rules(services)
    errors = Errors(parts.log)
    origins = Origins(trusted_peers=parts.trusted_peers, ids=parts.ids)
    stages: tuple[Stage, ...] = (
        errors,
        Tracing(parts.tracer),
        origins,
        _call_log(parts, quiet=False),
        Deadline(parts.deadlines, time_limits(services)),
        Authentication(
            parts.authenticator, rules, CertifiedServices.of(parts.service_identities, services)
        ),
        Access(
            rules,
            clock=parts.clock,
            recent_authentication_seconds=parts.recent_authentication_seconds,
        ),
        Idempotency(
            services,
            parts.idempotent_calls,
            digests=parts.rates.digests,
            limits=RateLimits(dict.fromkeys(rate_classes(services), RateClass.REPEAT), parts.rates),
        ),
        RateLimits(rate_classes(services), parts.rates),
        Standing(parts.authenticator, rules, streaming_methods(services), seconds=parts.seconds),
        Readability(),
        Validation(services),
    )
    foreign_stages: tuple[Stage, ...] = (
        errors,
        origins,
        _call_log(parts, quiet=True),
        Readability(),
    )
    return Pipeline(stages=stages, foreign_stages=foreign_stages, foreign_services=FOREIGN_SERVICES)


def _call_log(parts: PipelineParts, *, quiet: bool) -> CallLog:
    return CallLog(log=parts.log, metrics=parts.metrics, seconds=parts.seconds, quiet=quiet)
