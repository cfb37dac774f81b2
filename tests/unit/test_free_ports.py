"""Ports for servers that are about to be started."""

import pytest

from devstack import ports


def test_a_port_that_was_given_out_is_not_given_to_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = ports.free_port()
    other = ports.free_port()
    chosen = iter([taken, other, taken, ports.free_port() + 1])
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    monkeypatch.setattr("secrets.choice", lambda _: next(chosen))
    assert ports.free_port() not in {taken, other}
