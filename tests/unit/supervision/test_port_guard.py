"""A port that workers share is still refused to a second, unrelated instance."""

import socket
from contextlib import closing

import pytest

from devstack.ports import HOST, free_port
from supervision.port_guard import PortGuard, PortTaken


def _listener(port: int, *, reuse_port: bool) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuse_port))
    listener.bind((HOST, port))
    listener.listen()
    return listener


def test_two_supervisors_cannot_have_one_port_even_before_anybody_listens() -> None:
    port = free_port()
    with closing(PortGuard(HOST, [port])), pytest.raises(PortTaken, match=f"{HOST}:{port}"):
        PortGuard(HOST, [port])
    PortGuard(HOST, [port]).close()


@pytest.mark.parametrize("reuse_port", [True, False])
def test_a_port_on_which_somebody_listens_is_refused(*, reuse_port: bool) -> None:
    port = free_port()
    with _listener(port, reuse_port=reuse_port), pytest.raises(PortTaken):
        PortGuard(HOST, [port])


def test_workers_share_a_port_that_is_held() -> None:
    port = free_port()
    with (
        closing(PortGuard(HOST, [port])),
        _listener(port, reuse_port=True),
        _listener(port, reuse_port=True),
    ):
        pass


def test_a_port_that_is_refused_lets_the_others_go() -> None:
    free, taken = free_port(), free_port()
    with _listener(taken, reuse_port=True), pytest.raises(PortTaken):
        PortGuard(HOST, [free, taken])
    PortGuard(HOST, [free]).close()


def test_a_host_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        PortGuard("192.0.2.1", [free_port()])
