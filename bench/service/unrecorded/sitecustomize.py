"""A core that writes neither audit rows nor events, to see what they cost. For a comparison only.

Python imports this module at its start where this folder is on PYTHONPATH; no setting of the
service leads here. `bench.suite` checks that such a core has indeed written none.
"""

from core.postgres.audit_log import PostgresAuditLog
from core.postgres.outbox import PostgresOutbox


async def _write_nothing(_self: object, _what: object) -> None:
    return


for _class, _method in (
    (PostgresAuditLog, "append"),
    (PostgresOutbox, "append"),
    (PostgresOutbox, "append_unless_nobody"),
):
    setattr(_class, _method, _write_nothing)
