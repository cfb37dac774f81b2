"""Whether a caller may still be told something, while a stream of answers is under way."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from google.protobuf.descriptor import ServiceDescriptor

from core.domain.errors import PermissionDenied
from core.domain.ports.authenticator import Authenticator
from core.middleware.access import allows
from core.middleware.access_rule import AccessRule
from core.middleware.authentication import bearer_token
from core.middleware.call import Answer, Call, Next

INTERVAL_SECONDS = 1.0
"""How long what was true of a caller is taken to be true."""


def streaming_methods(services: Iterable[ServiceDescriptor]) -> frozenset[str]:
    """Return the methods (`package.Service/Method`) that answer with a stream."""
    return frozenset(
        f"{service.full_name}/{method.name}"
        for service in services
        for method in service.methods
        if method.server_streaming
    )


class Standing:
    """Stage: has a stream ask anew, between its messages, whether its caller may go on.

    A session that has ended and a role that was taken away end the stream with the error that the
    next call would get. The token itself may run out meanwhile: it was valid when the call began.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        rules: Mapping[str, AccessRule],
        streaming: frozenset[str],
        *,
        seconds: Callable[[], float],
    ) -> None:
        """Take the access rules by method, which methods stream, and a monotonic clock."""
        self._authenticator = authenticator
        self._rules = rules
        self._streaming = streaming
        self._seconds = seconds

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Let a stream know whom to ask; other calls are over before anything changes."""
        rule = self._rules.get(call.method)
        if call.method in self._streaming and rule is not None and not rule.anyone:
            token = bearer_token(call)
            # A certificate was looked at when the connection began, and stays what it was.
            if token is not None:
                call.before_message = self._check(call, rule, token)
        return await proceed(call)

    def _check(self, call: Call, rule: AccessRule, token: str) -> Callable[[], Awaitable[None]]:
        asked_at = self._seconds()

        async def check() -> None:
            nonlocal asked_at
            if self._seconds() - asked_at < INTERVAL_SECONDS:
                return
            call.caller = await self._authenticator.renew(call.caller, token)
            if not allows(rule, call):
                raise PermissionDenied
            asked_at = self._seconds()

        return check
