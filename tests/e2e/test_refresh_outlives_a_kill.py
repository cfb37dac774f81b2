"""The core is killed after a refresh was committed and before it was answered."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import pytest

from pandora.user.v1.user_service_pb2 import GetUserRequest
from tests.e2e.lossy_way import lossy_way
from tests.e2e.refreshing_core import DEADLINE_SECONDS, digest, running_core, tokens_of
from tests.e2e.site import Site, new_site
from tests.postgres_client import until
from tests.servers import Servers


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    with new_site(servers, tmp_path) as site:
        yield site


async def test_a_retry_after_a_kill_between_commit_and_answer_gets_the_committed_token(
    place: Site,
) -> None:
    async with lossy_way(place.servers.stack.postgres.port) as way:
        port = str(way.port)
        async with running_core(place, PANDORA_POSTGRES__PORT=port) as core:
            token = await core.log_in()
            first = digest(token)
            assert tokens_of(place) == {first: None}

            way.lose_the_answer_to_a_commit()
            call = asyncio.ensure_future(core.refresh(token, "attempt-1"))

            async def committed() -> bool:
                return tokens_of(place)[first] is not None

            await until(committed)
            assert way.lost.is_set()
            assert not call.done()
            core.process.kill()
            assert core.process.exit_code(seconds=DEADLINE_SECONDS) == -signal.SIGKILL
            with pytest.raises(grpc.aio.AioRpcError) as broken:
                await call
            assert broken.value.code() is grpc.StatusCode.UNAVAILABLE

        async with running_core(place, PANDORA_POSTGRES__PORT=port) as core:
            retried = await core.refresh(token, "attempt-1")
            second = digest(retried.refresh_token)
            assert tokens_of(place) == {first: second, second: None}
            credentials = (("authorization", f"Bearer {retried.access_token}"),)
            await core.users.GetUser(GetUserRequest(user_id="me"), metadata=credentials)
            following = await core.refresh(retried.refresh_token, "attempt-2")

    third = digest(following.refresh_token)
    assert tokens_of(place) == {first: second, second: third, third: None}
