"""Events on their way out and in, and mail."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel


def _p99(histogram: str) -> str:
    return f"histogram_quantile(0.99, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"


EVENTS: Final = Dashboard(
    uid="pandora-user-events",
    title="User service: events and mail",
    description="The outbox and its relay, the stream, the consumer, mail.",
    panels=(
        Panel(
            title="Age of the oldest event that waits",
            unit="s",
            queries={"{{instance}}": "pandora_outbox_lag_seconds"},
            alert=60,
        ),
        Panel(
            title="Events that wait in the outbox",
            queries={"{{instance}}": "pandora_outbox_backlog_events"},
        ),
        Panel(
            title="From an event to its publication, 99th percentile",
            unit="s",
            queries={"p99": _p99("pandora_relay_publish_lag_seconds")},
        ),
        Panel(
            title="What the relay does",
            unit="reqps",
            queries={
                "{{result}} {{cause}}": "sum by (result, cause) "
                "(rate(pandora_relay_results_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="What keeps the relay from publishing",
            queries={
                "stream at its bound": "max(pandora_relay_stream_full)",
                "Redis out of memory": "max(pandora_relay_redis_memory_full)",
                "people held back": "max(pandora_relay_held_users)",
            },
            alert=1,
        ),
        Panel(
            title="Entries that the stream had lost",
            queries={"entries": "sum(increase(pandora_relay_lost_entries_total[1h]))"},
        ),
        Panel(title="Entries of the stream", queries={"entries": "max(pandora_stream_entries)"}),
        Panel(
            title="Entries that a group has not been given",
            queries={"{{group}}": "max by (group) (pandora_stream_unread_entries)"},
            alert=100_000,
        ),
        Panel(
            title="What the consumer does",
            unit="reqps",
            queries={
                "{{result}} {{event_type}} {{cause}}": "sum by (result, event_type, cause) "
                "(rate(pandora_consumer_results_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="From an event to its effect here, 99th percentile",
            unit="s",
            queries={"p99": _p99("pandora_consumer_lag_seconds")},
        ),
        Panel(
            title="Dead letters, and consumers that work",
            queries={
                "dead letters": "max(pandora_dead_letters)",
                "working on {{instance}}": "pandora_consumer_working",
            },
        ),
        Panel(
            title="Events that became dead letters, by reason",
            queries={
                "{{reason}}": "sum by (reason) (increase(pandora_consumer_dead_letters_total[1h]))"
            },
        ),
        Panel(
            title="Age of the oldest mail that waits",
            unit="s",
            queries={"{{instance}}": "pandora_mail_oldest_seconds"},
            alert=300,
        ),
        Panel(
            title="What becomes of mail",
            unit="reqps",
            queries={
                "{{result}} {{cause}}": "sum by (result, cause) "
                "(rate(pandora_mail_results_total[$__rate_interval]))"
            },
        ),
        Panel(
            title="From a mail to its being sent, 99th percentile, and how many wait",
            queries={
                "seconds": _p99("pandora_mail_lag_seconds"),
                "mails": "max(pandora_mail_backlog)",
            },
        ),
    ),
)
