"""Whether the caller may make this call. Deny by default."""

from collections.abc import Mapping
from datetime import timedelta

from core.domain.caller import Caller
from core.domain.errors import MalformedRequest, PermissionDenied, RecentAuthenticationRequired
from core.domain.ports.clock import Clock
from core.middleware.access_rule import AccessRule
from core.middleware.call import UNREADABLE, Answer, Call, Next

CALLER_ALIAS = "me"
"""Stands for the caller's own id in a request's `user_id`."""


class Access:
    """Stage: holds a call against its method's rule, after authentication."""

    def __init__(
        self, rules: Mapping[str, AccessRule], *, clock: Clock, recent_authentication_seconds: int
    ) -> None:
        """Take the rules by method; a method that has none is refused for everyone.

        For so many seconds after a login its session may do what is sensitive.
        """
        self._rules = rules
        self._clock = clock
        self._recent = timedelta(seconds=recent_authentication_seconds)

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Let a call pass.

        Raises:
            PermissionDenied: the caller may not make it.
            RecentAuthenticationRequired: they may, but about themselves only soon after a login.
            MalformedRequest: that depends on the request, which cannot be read.
        """
        rule = self._rules.get(call.method)
        if rule is None or not allows(rule, call):
            raise PermissionDenied
        if rule.recent_authentication and _names_caller(call.request, call.caller):
            self._require_recent_authentication(call.caller)
        return await proceed(call)

    def _require_recent_authentication(self, caller: Caller) -> None:
        at = caller.authenticated_at
        if at is None or self._clock.now() - at >= self._recent:
            raise RecentAuthenticationRequired


def allows(rule: AccessRule, call: Call) -> bool:
    """Tell whether a rule admits the caller of a call; raises MalformedRequest as `Access` does."""
    if rule.anyone:
        return True
    if call.caller.role in rule.roles:
        if call.narrowed_to is not None and call.method not in call.narrowed_to:
            return False
        return not (rule.never_self and _names_caller(call.request, call.caller))
    return rule.self_allowed and _names_caller(call.request, call.caller)


def _names_caller(request: object, caller: Caller) -> bool:
    """Tell whether the request is about the caller, in whatever letter case it writes the id.

    Other spellings of a UUID (braces, no hyphens) are no business of this function: the field's
    own rule refuses them.
    """
    if request is UNREADABLE:
        raise MalformedRequest
    if caller.user_id is None:
        return False
    target: str = request.user_id  # type: ignore[attr-defined] # seen in the descriptor at start
    return target == CALLER_ALIAS or target.lower() == str(caller.user_id)
