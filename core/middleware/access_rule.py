"""Access rules as the contract states them, read from the descriptors once at start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor

from core.domain.user import Role
from pandora.options.v1 import access_pb2

TARGET_FIELD = "user_id"
"""The request's field that `self`, `never_self` and `recent_authentication` speak of."""

_ACCESS: Any = access_pb2.access
"""The option's extension; generated code and type stubs disagree on its class."""

_ROLES = {
    access_pb2.CALLER_ROLE_USER: Role.USER,
    access_pb2.CALLER_ROLE_SUPPORT: Role.SUPPORT,
    access_pb2.CALLER_ROLE_COMPLIANCE: Role.COMPLIANCE,
    access_pb2.CALLER_ROLE_ADMIN: Role.ADMIN,
    access_pb2.CALLER_ROLE_SERVICE: Role.SERVICE,
}


class AccessRuleInvalid(Exception):
    """An access rule in the contract makes no sense; found at start, which it stops."""

    def __init__(self, method: str, fault: str) -> None:
        """Name the method and what is wrong."""
        super().__init__(f"access rule of {method}: {fault}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """Who may call a method. One that names nobody refuses everyone."""

    anyone: bool = False
    roles: frozenset[Role] = frozenset()
    self_allowed: bool = False
    never_self: bool = False
    recent_authentication: bool = False


def access_rules(services: Iterable[ServiceDescriptor]) -> Mapping[str, AccessRule]:
    """Return the rules by method (`package.Service/Method`); methods without one are left out.

    Raises:
        AccessRuleInvalid: a rule contradicts itself, names no role that exists, or speaks of the
            user that a request names where it names none.
    """
    return MappingProxyType(
        {
            f"{service.full_name}/{method.name}": _rule(method)
            for service in services
            for method in service.methods
            if method.GetOptions().HasExtension(_ACCESS)
        }
    )


def _rule(method: MethodDescriptor) -> AccessRule:
    option: access_pb2.AccessRule = method.GetOptions().Extensions[_ACCESS]
    if not set(option.roles) <= _ROLES.keys():
        raise AccessRuleInvalid(method.full_name, "it names a role that does not exist")
    rule = AccessRule(
        anyone=option.anyone,
        roles=frozenset(_ROLES[number] for number in option.roles),
        self_allowed=option.self,
        never_self=option.never_self,
        recent_authentication=option.recent_authentication,
    )
    if rule.anyone and (rule.roles or rule.self_allowed or rule.never_self):
        raise AccessRuleInvalid(method.full_name, "`anyone` leaves nothing for others to say")
    if rule.self_allowed and rule.never_self:
        raise AccessRuleInvalid(method.full_name, "`self` and `never_self` contradict each other")
    if rule.recent_authentication and (rule.anyone or rule.never_self):
        raise AccessRuleInvalid(method.full_name, "`recent_authentication` speaks of nobody")
    if _speaks_of_oneself(rule) and not _names_user(method):
        raise AccessRuleInvalid(method.full_name, f"the request has no text `{TARGET_FIELD}`")
    return rule


def _speaks_of_oneself(rule: AccessRule) -> bool:
    return rule.self_allowed or rule.never_self or rule.recent_authentication


def _names_user(method: MethodDescriptor) -> bool:
    field = method.input_type.fields_by_name.get(TARGET_FIELD)
    if field is None or method.client_streaming:
        return False
    return field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated
