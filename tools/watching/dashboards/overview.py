"""How the service does: error budgets, and rate, errors and duration of every RPC."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel

_RPC: Final = 'rpc=~"pandora.user.v1.+"'
_BUCKETS: Final = "pandora_rpc_duration_seconds_bucket"


def _quantile(share: str, by: str) -> str:
    return (
        f"histogram_quantile({share}, sum by ({by}) (rate({_BUCKETS}{{{_RPC}}}[$__rate_interval])))"
    )


OVERVIEW: Final = Dashboard(
    uid="pandora-user-overview",
    title="User service: overview",
    description="Error budgets, and rate, errors and duration of every RPC.",
    panels=(
        Panel(
            title="Burn of error budgets, last hour",
            description="1 uses the budget up in exactly 30 days; 14.4 wakes somebody.",
            queries={"{{slo}}": "pandora:slo_bad:ratio_rate1h / on (slo) pandora:slo_budget:ratio"},
            alert=14.4,
        ),
        Panel(
            title="Burn of error budgets, last three days",
            queries={"{{slo}}": "pandora:slo_bad:ratio_rate3d / on (slo) pandora:slo_budget:ratio"},
            alert=1,
        ),
        Panel(
            title="Processes that answer",
            queries={"{{job}}": 'sum by (job) (up{job=~"pandora-.+"})'},
        ),
        Panel(
            title="Calls by RPC",
            unit="reqps",
            queries={
                "{{rpc}}": "sum by (rpc) "
                f"(rate(pandora_rpc_requests_total{{{_RPC}}}[$__rate_interval]))"
            },
        ),
        Panel(
            title="Refusals and errors by reason",
            unit="reqps",
            queries={
                "{{code}} {{reason}}": "sum by (code, reason) (rate("
                f'pandora_rpc_requests_total{{{_RPC},code!="OK"}}[$__rate_interval]))'
            },
        ),
        Panel(
            title="99th percentile by RPC",
            unit="s",
            queries={"{{rpc}}": _quantile("0.99", "le, rpc")},
        ),
        Panel(
            title="Median and 99th percentile of all calls",
            unit="s",
            queries={"p50": _quantile("0.5", "le"), "p99": _quantile("0.99", "le")},
        ),
        Panel(
            title="REST requests by status",
            unit="reqps",
            queries={
                "{{status}}": "sum by (status) "
                "(rate(pandora_gateway_requests_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="REST, 99th percentile by route",
            unit="s",
            queries={
                "{{method}} {{route}}": "histogram_quantile(0.99, sum by (le, method, route) "
                "(rate(pandora_gateway_request_duration_seconds_bucket[$__rate_interval])))"
            },
        ),
        Panel(
            title="Requests under way in gateways",
            queries={"{{instance}}": "pandora_gateway_requests_in_flight"},
        ),
        Panel(
            title="Calls made again because the core was out of reach",
            unit="reqps",
            queries={"{{instance}}": "rate(pandora_gateway_core_retries_total[$__rate_interval])"},
        ),
        Panel(
            title="Requests that are no HTTP",
            unit="reqps",
            queries={
                "{{reason}}": "sum by (reason) "
                "(rate(pandora_gateway_unreadable_requests_total[$__rate_interval]))"
            },
        ),
    ),
)
