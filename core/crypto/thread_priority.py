"""The priority of a thread that has time."""

import os
import sys
import threading
from contextlib import suppress

NICENESS = 10
"""Lowers the threads' priority: measured on two busy cores, reads beside a storm of logins waited
half as long as without it, and the logins lost nothing."""


def lower_own_priority() -> None:
    """Let every other thread of the machine go before the calling one, where both want to run."""
    if sys.platform == "linux":
        # Linux keeps a priority for each thread, under the thread's own id; setpriority(2), NOTES.
        thread = threading.get_native_id()
        present = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, max(present, NICENESS))
        # A sandbox may forbid it; nice alone remains.
        with suppress(PermissionError):
            # Batch threads never interrupt others when they wake; 0 is the calling thread.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
