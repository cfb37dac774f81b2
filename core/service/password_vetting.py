"""Vetting a new password, wherever it is chosen."""

from dataclasses import dataclass

from core.domain.errors import PasswordTooWeak
from core.domain.password import BREACHED, COMMON, MAX_LENGTH, PasswordPolicy, normalise
from core.domain.password_forms import forms
from core.domain.ports.password_screen import PasswordScreen


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordVetting:
    """The one gate that every new password passes."""

    policy: PasswordPolicy
    screen: PasswordScreen

    async def vet(self, password: str, *, email: str, field_name: str = "password") -> None:
        """Let a new password of the account with this address pass, or refuse it.

        All that speaks against it is told at once, but for breaches: those are looked up where
        nothing else does.

        Raises:
            PasswordTooWeak: the policy refuses it, or a list has it.
            ServerBusy: too many look-ups and hashings wait already.
        """
        violations = list(self.policy.violations(password, email=email, field_name=field_name))
        if len(normalise(password)) <= MAX_LENGTH and self.screen.is_common(forms(password)):
            violations.append(COMMON.violation(field_name))
        if not violations and await self.screen.is_breached(password):
            violations.append(BREACHED.violation(field_name))
        if violations:
            raise PasswordTooWeak(*violations)
