import pytest

from core.domain.caller import Origin
from core.middleware.call import current_call
from core.middleware.origin import (
    MAX_USER_AGENT_LENGTH,
    TrustedPeers,
    normalised_address,
    peer_address,
    sanitised_user_agent,
)
from pandora.user.v1 import auth_service_pb2
from tests.unit.middleware.door import Door, open_door

LOOPBACK = TrustedPeers.parse(["127.0.0.0/8", "::1/128"])
GET_JWKS = "AuthService/GetJwks"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:50123", "192.0.2.7"),
        ("ipv6:%5B2001:db8::7%5D:50123", "2001:db8::7"),
        ("ipv6:[2001:DB8:0::7]:50123", "2001:db8::7"),
        ("ipv6:%5B::ffff:192.0.2.7%5D:50123", "192.0.2.7"),
        ("ipv6:%5Bfe80::1%25eth0%5D:50123", "fe80::1"),
        ("unix:", None),
        ("unix:/run/core.sock", None),
        ("unix-abstract:core", None),
        ("vsock:2:50123", None),
        ("ipv4:nonsense:1", None),
        ("", None),
    ],
)
def test_a_peers_address_is_read_from_the_name_that_grpc_gives_it(
    peer: str, address: str | None
) -> None:
    assert peer_address(peer) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:0DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2.7:80", None),
        ("192.0.2.07", None),
        ("192.0.2.7, 198.51.100.1", None),
        ("unknown", None),
        ("", None),
        ("1\n2", None),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str | None) -> None:
    assert normalised_address(text) == address


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("curl/8.5.0", "curl/8.5.0"),
        ("a\x00b\x1b[31m\r\nc\x7f\x85\u2028d", "ab[31mcd"),
        ("Ünïcode 猫", "Ünïcode 猫"),
        (" \x00 ", None),
        ("", None),
    ],
)
def test_a_user_agent_keeps_nothing_that_a_database_or_a_reader_would_stumble_over(
    text: str, kept: str | None
) -> None:
    assert sanitised_user_agent(text) == kept


def test_a_user_agent_is_cut() -> None:
    assert sanitised_user_agent("x" * 5000) == "x" * MAX_USER_AGENT_LENGTH


@pytest.mark.parametrize(
    ("entries", "peer", "trusted"),
    [
        (["127.0.0.0/8"], "ipv4:127.0.0.9:1", True),
        (["127.0.0.0/8"], "ipv6:%5B::ffff:127.0.0.9%5D:1", True),
        (["127.0.0.0/8"], "ipv4:128.0.0.1:1", False),
        (["::1/128"], "ipv6:%5B::1%5D:1", True),
        (["::1/128"], "ipv6:%5B::2%5D:1", False),
        (["0.0.0.0/0"], "ipv6:%5B2001:db8::1%5D:1", False),
        (["unix:"], "unix:/run/core.sock", True),
        (["unix:"], "unix:", True),
        (["127.0.0.0/8"], "unix:", False),
        (["unix:"], "ipv4:127.0.0.1:1", False),
        ([], "ipv4:127.0.0.1:1", False),
    ],
)
def test_peers_are_believed_by_network_or_socket(
    entries: list[str], peer: str, *, trusted: bool
) -> None:
    assert TrustedPeers.parse(entries).trust(peer) is trusted


def test_a_trusted_peer_that_is_no_network_stops_the_start() -> None:
    with pytest.raises(ValueError, match="gateway"):
        TrustedPeers.parse(["gateway"])


async def origin_of(door: Door, metadata: list[tuple[str, str]]) -> Origin:
    """Make a call; return the origin that its servicer saw."""
    seen: list[Origin] = []

    async def look(_request: object, _context: object) -> auth_service_pb2.GetJwksResponse:
        seen.append(current_call().origin)
        return auth_service_pb2.GetJwksResponse()

    door.behave[GET_JWKS] = look
    await door.call(GET_JWKS, metadata=metadata)
    return seen[0]


FORWARDED = [("x-client-address", "2001:DB8::7"), ("x-client-user-agent", "Mozilla/5.0")]


@pytest.mark.asyncio
async def test_a_stranger_is_not_believed_about_an_address() -> None:
    async with open_door(trusted_peers=TrustedPeers.parse(["10.0.0.0/8"])) as door:
        origin = await origin_of(door, FORWARDED)

    assert origin.ip_address == "127.0.0.1"
    assert origin.user_agent is not None
    assert origin.user_agent.startswith("grpc-python-asyncio/")


@pytest.mark.asyncio
async def test_a_trusted_peer_is_believed_about_address_and_user_agent() -> None:
    async with open_door(trusted_peers=LOOPBACK) as door:
        origin = await origin_of(door, FORWARDED)

    assert (origin.ip_address, origin.user_agent) == ("2001:db8::7", "Mozilla/5.0")


@pytest.mark.asyncio
async def test_a_trusted_peer_may_call_on_its_own_behalf() -> None:
    async with open_door(trusted_peers=LOOPBACK) as door:
        origin = await origin_of(door, [])

    assert origin.ip_address == "127.0.0.1"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "addresses", [["nonsense"], ["1.2.3.4", "5.6.7.8"], ["1.2.3.4, 5.6.7.8"], [""]]
)
async def test_a_forwarded_address_that_is_not_one_address_is_none(addresses: list[str]) -> None:
    metadata = [("x-client-address", address) for address in addresses]
    async with open_door(trusted_peers=LOOPBACK) as door:
        origin = await origin_of(door, metadata)

    # Not the gateway's own address either: that would put all its clients under one name.
    assert origin.ip_address is None
    assert origin.user_agent is None


@pytest.mark.asyncio
async def test_a_unix_socket_has_no_address_but_may_forward_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    socket = f"unix:{tmp_path_factory.mktemp('s')}/core.sock"
    async with open_door(socket, trusted_peers=TrustedPeers.parse(["unix:"])) as door:
        own = await origin_of(door, [])
        forwarded = await origin_of(door, FORWARDED)

    assert own.ip_address is None
    assert forwarded.ip_address == "2001:db8::7"


@pytest.mark.asyncio
async def test_ipv6_peers_have_their_address() -> None:
    async with open_door("[::1]:0") as door:
        origin = await origin_of(door, [])

    assert origin.ip_address == "::1"


@pytest.mark.asyncio
async def test_the_request_id_comes_back_with_answers_and_refusals() -> None:
    given = "".join(map(chr, range(0x21, 0x7F)))
    async with open_door() as door:
        stub = door.channel.unary_unary("/pandora.user.v1.AuthService/GetJwks")
        call = stub(b"", metadata=[("x-request-id", given)])
        await call
        answered = dict(await call.trailing_metadata())
        refused = await door.refusal("UserService/ListUsers", metadata=[("x-request-id", given)])

    assert answered["x-request-id"] == given
    assert refused.metadata["x-request-id"] == given
    assert refused.request is not None
    assert refused.request.request_id == given


@pytest.mark.asyncio
async def test_a_call_without_a_request_id_gets_its_own() -> None:
    async with open_door() as door:
        first = await origin_of(door, [])
        second = await origin_of(door, [])

    assert first.request_id != second.request_id
    assert first.trace_id != second.trace_id
