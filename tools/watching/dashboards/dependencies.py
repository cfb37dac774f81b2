"""What the service stands on: PostgreSQL and its pools, Redis, Vault, keys and certificates."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel

DEPENDENCIES: Final = Dashboard(
    uid="pandora-user-dependencies",
    title="User service: dependencies",
    description="PostgreSQL, Redis, Vault, keys and certificates.",
    panels=(
        Panel(
            title="Dependencies that answer",
            queries={"{{dependency}} {{instance}}": "pandora_dependency_up"},
        ),
        Panel(
            title="Connections to PostgreSQL",
            queries={
                "{{job}} {{state}}": "sum by (job, state) (pandora_postgres_pool_connections)",
                "{{job}} most": "sum by (job) (pandora_postgres_pool_max)",
            },
        ),
        Panel(
            title="Callers that wait for a connection",
            queries={"{{job}} {{instance}}": "pandora_postgres_pool_waiting"},
            alert=1,
        ),
        Panel(
            title="Connections asked for",
            unit="reqps",
            queries={
                "{{job}}": "sum by (job) "
                "(rate(pandora_postgres_pool_requests_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="Requests for a connection in vain, and connections lost",
            unit="reqps",
            queries={
                "{{job}} in vain": "sum by (job) "
                "(rate(pandora_postgres_pool_errors_total[$__rate_interval]))",
                "{{job}} lost": "sum by (job) "
                "(rate(pandora_postgres_pool_lost_total[$__rate_interval]))",
            },
        ),
        Panel(
            title="Limits kept without Redis",
            queries={"{{instance}}": "pandora_limits_local"},
            alert=1,
        ),
        Panel(
            title="Age of the secrets",
            unit="s",
            queries={"{{job}} {{instance}}": "pandora_vault_secrets_age_seconds"},
            alert=900,
        ),
        Panel(
            title="Failed reads from Vault, and secrets that cannot be used",
            queries={
                "{{kind}}": "sum by (kind) "
                "(rate(pandora_vault_failed_reads_total[$__rate_interval]))",
                "rejected on {{instance}}": "pandora_vault_rejected_secrets",
            },
        ),
        Panel(
            title="Age of the signing key",
            unit="s",
            queries={"{{instance}}": "pandora_signing_key_age_seconds"},
            alert=100 * 86_400,
        ),
        Panel(
            title="Certificates: time that is left",
            unit="s",
            queries={
                "{{job}} {{use}} {{instance}}": "pandora_tls_certificate_expiry_timestamp_seconds"
                " - time()"
            },
        ),
    ),
)
