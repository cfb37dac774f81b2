"""Whom a request is about."""

from uuid import UUID

from core.domain.caller import Caller
from core.domain.errors import ValidationFailed, Violation
from core.middleware.access import CALLER_ALIAS


def target_user(user_id: str, caller: Caller) -> UUID:
    """Return the person that a request's `user_id` names; `me` is the caller.

    Raises:
        ValidationFailed: it is `me`, and the caller is no person but a service.
    """
    if user_id != CALLER_ALIAS:
        return UUID(user_id)
    if caller.user_id is None:
        message = "means a person, and the caller is a service"
        raise ValidationFailed(Violation("user_id", "user_id.me", message))
    return caller.user_id
