"""Signs of an attack: failed logins, throttling, tokens that are not ours, denied calls."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel


def _refused(matcher: str) -> str:
    return f"(rate(pandora_rpc_requests_total{{{matcher}}}[$__rate_interval]))"


SECURITY: Final = Dashboard(
    uid="pandora-user-security",
    title="User service: security",
    description="Logins, throttling, tokens, denied calls.",
    panels=(
        Panel(
            title="Logins by outcome",
            unit="reqps",
            queries={
                "{{outcome}} {{reason}}": "sum by (outcome, reason) "
                "(rate(pandora_logins_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="Share of logins that fail",
            unit="percentunit",
            queries={
                "share": 'sum(rate(pandora_logins_total{outcome="failure"}[$__rate_interval]))'
                " / sum(rate(pandora_logins_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="Failed logins, against the last day",
            queries={
                "times": 'sum(rate(pandora_logins_total{outcome="failure"}[10m]))'
                ' / sum(rate(pandora_logins_total{outcome="failure"}[1d]))'
            },
            alert=5,
        ),
        Panel(
            title="Throttled logins, limited calls",
            unit="reqps",
            queries={
                "{{rpc}} {{reason}}": "sum by (rpc, reason) "
                + _refused('reason=~"LOGIN_THROTTLED|RATE_LIMITED"')
            },
        ),
        Panel(
            title="Refresh tokens used twice within an hour",
            queries={
                "tokens": "sum(increase("
                'pandora_rpc_requests_total{reason="REFRESH_TOKEN_REUSED"}[1h]))'
            },
            alert=20,
        ),
        Panel(
            title="Access tokens that are refused",
            unit="reqps",
            queries={
                "{{reason}}": "sum by (reason) "
                + _refused('reason=~"TOKEN_INVALID|TOKEN_EXPIRED|SESSION_REVOKED"')
            },
        ),
        Panel(
            title="Denied calls",
            unit="reqps",
            queries={"{{rpc}}": "sum by (rpc) " + _refused('code="PERMISSION_DENIED"')},
        ),
        Panel(
            title="Changes of who may do what",
            queries={
                "{{action}}": "sum by (action) (increase(pandora_audited_actions_total"
                '{action=~"user.set_role|service_token.mint|mfa.disable|key.rotate"}[1h]))'
            },
        ),
        Panel(
            title="Registrations and resets of passwords",
            unit="reqps",
            queries={
                "{{action}} {{outcome}}": "sum by (action, outcome) "
                "(rate(pandora_audited_actions_total"
                '{action=~"user.register|password.reset_request|password.reset"}'
                "[$__rate_interval]))"
            },
        ),
    ),
)
