"""The audit log: how far it is sealed, and what keeps it from being."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel

AUDIT: Final = Dashboard(
    uid="pandora-user-audit",
    title="User service: audit log",
    description="Seals, checkpoints, and what is recorded.",
    panels=(
        Panel(
            title="Age of the oldest row without a seal",
            unit="s",
            queries={"{{instance}}": "pandora_audit_unsealed_seconds"},
            alert=60,
        ),
        Panel(
            title="Rows sealed",
            unit="reqps",
            queries={"rows": "sum(rate(pandora_audit_rows_sealed_total[$__rate_interval]))"},
        ),
        Panel(
            title="Seals made",
            unit="reqps",
            queries={
                "{{instance}}": "sum by (instance) "
                "(rate(pandora_audit_seals_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="Seals without a checkpoint",
            queries={"{{instance}}": "pandora_audit_checkpoints_missing"},
            alert=1,
        ),
        Panel(
            title="Failures by cause",
            unit="reqps",
            queries={
                "{{cause}}": "sum by (cause) "
                "(rate(pandora_audit_seal_failures_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="Rows that were altered",
            queries={"rows": "sum(increase(pandora_audit_rows_altered_total[1d]))"},
            alert=1,
        ),
        Panel(
            title="Audited actions",
            unit="reqps",
            queries={
                "{{action}} {{outcome}}": "sum by (action, outcome) "
                "(rate(pandora_audited_actions_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="KYC changes",
            queries={
                "{{status}} {{outcome}}": "sum by (status, outcome) "
                "(increase(pandora_kyc_changes_total[1h]))"
            },
        ),
        Panel(
            title="Since the last good maintenance",
            unit="s",
            queries={
                "{{cronjob}}": "time() - kube_cronjob_status_last_successful_time"
                '{cronjob=~".*maintain.*"}'
            },
            alert=2 * 86_400,
        ),
    ),
)
