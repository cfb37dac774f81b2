"""The sealer beside the running service, and verification through both doors."""

import asyncio
from pathlib import Path

import grpc.aio
import psycopg
import pytest

from core.audit.checkpoint_file import stored_checkpoints
from devstack.process_table import descendants
from devstack.service_environment import AUDIT_METRICS_PORT
from pandora.user.v1 import audit_service_pb2 as pb
from tests.e2e.grpc_door import Stubs
from tests.e2e.metrics import scrape
from tests.e2e.people import administrator, compliance_officer, new_person
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.e2e.site import Site
from tests.integration.audit_rows import write_rows
from tests.integration.seal_scene import until
from tests.postgres_client import until as until_it_is

VERIFY = "/v1/audit-events:verify"

pytestmark = pytest.mark.asyncio


def unsealed(site: Site) -> int:
    """Return how many rows wait for their seal."""
    with psycopg.connect(site.database.service_dsn) as service:
        found = service.execute(
            "SELECT (SELECT count(*) FROM audit_events)"
            " - coalesce((SELECT max(size) FROM audit_seals), 0)"
        ).fetchone()
    assert found is not None
    return int(found[0])


def sealed(site: Site) -> int:
    """Return how many seals there are."""
    with psycopg.connect(site.database.service_dsn) as service:
        found = service.execute("SELECT count(*) FROM audit_seals").fetchone()
    assert found is not None
    return int(found[0])


def checkpoints(file: Path) -> list[int]:
    return [each.number for each in stored_checkpoints(file)] if file.is_file() else []


async def all_sealed(site: Site) -> None:
    await until(lambda: unsealed(site) == 0)


async def test_what_people_do_is_sealed_and_verifies(rest: Rest, service: Service) -> None:
    officer = await compliance_officer(rest, service)
    person = await new_person(rest)
    reviewed = await rest.call(
        "PUT", f"/v1/users/{person.id}/kyc", {"status": "verified"}, token=officer.access_token
    )
    assert reviewed.status == 200
    await all_sealed(service.site)
    answer = await rest.post(VERIFY, {}, token=officer.access_token)
    assert answer.status == 200, answer.body
    report = answer.json
    assert report["valid"] is True
    assert int(report["checked_count"]) > 3
    assert int(report["sealed_sequence"]) > 3
    assert len(bytes.fromhex(report["seal_hash"])) == 32
    assert set(report) == {"valid", "checked_count", "sealed_sequence", "seal_hash"}


async def test_one_verifies_at_a_time(rest: Rest, service: Service) -> None:
    officer = await compliance_officer(rest, service)
    answers = await asyncio.gather(
        *(rest.post(VERIFY, {}, token=officer.access_token) for _ in range(2))
    )
    done, busy = sorted(answers, key=lambda answer: answer.status)
    assert (done.status, busy.status) == (200, 503)
    assert busy.reason == "SERVER_BUSY"
    assert busy.headers["Retry-After"] == "10"


async def test_a_person_may_not_verify(rest: Rest) -> None:
    person = await new_person(rest)
    answer = await rest.post(VERIFY, {}, token=person.access_token)
    assert (answer.status, answer.reason) == (403, "PERMISSION_DENIED")


async def test_a_verification_that_nobody_waits_for_any_more_ends(
    rest: Rest, service: Service, stubs: Stubs
) -> None:
    admin = await administrator(rest, service)
    credentials = (("authorization", f"Bearer {admin.access_token}"),)
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await stubs.audit.VerifyAuditLog(
            pb.VerifyAuditLogRequest(), metadata=credentials, timeout=0.3
        )
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    pid = service.core._child.pid
    await until(lambda: not descendants(pid))
    again = await rest.post(VERIFY, {}, token=admin.access_token)
    assert again.status == 200, again.body


async def test_the_sealer_tells_what_it_does(rest: Rest, service: Service) -> None:
    await new_person(rest)
    await all_sealed(service.site)
    told = await scrape(rest, service.site.metrics_url(AUDIT_METRICS_PORT))
    assert told.value("pandora_audit_seals_total") > 0
    assert told.value("pandora_audit_rows_sealed_total") >= 2
    assert told.value("pandora_audit_rows_altered_total") == 0
    assert told.has("pandora_audit_unsealed_seconds")
    assert told.has("pandora_audit_checkpoints_missing")


async def test_a_sealer_that_was_killed_before_its_checkpoint_was_written_leaves_none_out(
    site: Site,
) -> None:
    # A folder in the file's place: seals are made, and their checkpoints cannot be written.
    site.checkpoint_file.mkdir(parents=True)
    sealer = site.start("core", "seal")
    for part in (1, 2):
        write_rows(site.database.admin_dsn, 50, seed=part)
        sealer.wait_until(lambda: unsealed(site) == 0)
    sealer.kill()
    sealer.exit_code(seconds=10)
    assert sealed(site) >= 2
    site.checkpoint_file.rmdir()
    again = site.start("core", "seal")
    again.wait_until(lambda: len(checkpoints(site.checkpoint_file)) == sealed(site))
    write_rows(site.database.admin_dsn, 50, seed=3)
    again.wait_until(lambda: unsealed(site) == 0)
    again.wait_until(lambda: len(checkpoints(site.checkpoint_file)) == sealed(site))
    again.stop()
    assert checkpoints(site.checkpoint_file) == list(range(1, sealed(site) + 1))


async def test_while_vault_is_sealed_rows_wait_and_afterwards_they_are_sealed(
    own_rest: Rest, own_service: Service
) -> None:
    site = own_service.site
    url = site.metrics_url(AUDIT_METRICS_PORT)
    await all_sealed(site)
    before = (await scrape(own_rest, url)).value("pandora_audit_seal_failures_total", cause="vault")
    site.servers.stack.openbao.client().sys.seal()
    await new_person(own_rest)

    async def failing() -> bool:
        told = await scrape(own_rest, url)
        return told.value("pandora_audit_seal_failures_total", cause="vault") > before

    await until_it_is(failing)
    assert unsealed(site) > 0
    site.servers.stack.openbao.await_ready()
    await all_sealed(site)
