"""The processes themselves: memory, processor, files, and the queues inside them."""

from typing import Final

from tools.watching.dashboards.panels import Dashboard, Panel

_OURS: Final = 'job=~"pandora-.+"'

PROCESSES: Final = Dashboard(
    uid="pandora-user-processes",
    title="User service: processes",
    description="Memory, processor, files, and the queues inside the processes.",
    panels=(
        Panel(
            title="Processor",
            unit="percentunit",
            queries={
                "{{job}} {{instance}}": f"rate(process_cpu_seconds_total{{{_OURS}}}"
                "[$__rate_interval])"
            },
        ),
        Panel(
            title="Memory",
            unit="bytes",
            queries={"{{job}} {{instance}}": f"process_resident_memory_bytes{{{_OURS}}}"},
        ),
        Panel(
            title="Open files",
            unit="percentunit",
            queries={
                "{{job}} {{instance}}": f"process_open_fds{{{_OURS}}} / process_max_fds{{{_OURS}}}"
            },
            alert=0.8,
        ),
        Panel(
            title="Since the start",
            unit="s",
            queries={"{{job}} {{instance}}": f"time() - process_start_time_seconds{{{_OURS}}}"},
        ),
        Panel(
            title="Cores that say SERVING",
            queries={"{{instance}}": "pandora_serving"},
        ),
        Panel(
            title="Hashings under way and waiting",
            queries={
                "under way on {{instance}}": "pandora_hashing_running",
                "waiting on {{instance}}": "pandora_hashing_waiting",
            },
            alert=8,
        ),
        Panel(
            title="Hashings refused as SERVER_BUSY",
            unit="reqps",
            queries={
                "{{reason}} on {{instance}}": (
                    "rate(pandora_hashing_refused_total[$__rate_interval])"
                )
            },
            alert=0.1,
        ),
        Panel(
            title="Estimated wait for a hashing, and what one takes",
            unit="s",
            queries={
                "wait on {{instance}}": "pandora_hashing_wait_seconds",
                "work on {{instance}}": "pandora_hashing_work_seconds",
            },
        ),
        Panel(
            title="Log lines lost",
            queries={"{{job}} {{instance}}": "increase(pandora_log_lines_dropped_total[15m])"},
        ),
        Panel(
            title="Garbage collections",
            unit="reqps",
            queries={
                "{{job}} generation {{generation}}": "sum by (job, generation) "
                "(rate(python_gc_collections_total[$__rate_interval]))"
            },
        ),
    ),
)
