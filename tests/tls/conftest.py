"""Servers by TLS, whatever the other tests of the run use."""

from collections.abc import Iterator

import pytest

from devstack.certificates import Certificates
from devstack.stack import Stack
from devstack.temporary import temporary_stack
from tests.servers import Servers, start_servers


@pytest.fixture(scope="session")
def tls_servers() -> Iterator[Servers]:
    """Servers that speak TLS alone. A test that changes a certificate puts it back."""
    with temporary_stack(tls=True) as stack:
        yield start_servers(stack)


@pytest.fixture
def tls_stack(tls_servers: Servers) -> Stack:
    return tls_servers.stack


@pytest.fixture
def certificates(tls_stack: Stack) -> Certificates:
    assert tls_stack.certificates is not None
    return tls_stack.certificates
