"""Asks a process whether it is ready, the way an orchestrator would."""

from contextlib import closing

import grpc
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc

from devstack.certificates import Certificates
from devstack.tls_settings import channel_credentials

_TIMEOUT_SECONDS = 2


def grpc_serving(address: str, certificates: Certificates | None = None) -> bool:
    """Tell whether the gRPC server as a whole answers SERVING (grpc.health.v1, service "").

    With `certificates` it is asked by TLS, as the gateway does.
    """
    options = [("grpc.enable_http_proxy", 0)]
    if certificates is None:
        opened = grpc.insecure_channel(address, options)
    else:
        opened = grpc.secure_channel(address, channel_credentials(certificates), options)
    with closing(opened) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_ok(url: str, certificates: Certificates | None = None) -> bool:
    """Tell whether a GET on loopback answers 200, by TLS from someone whom they vouch for."""
    with requests.Session() as session:
        if certificates is not None:
            session.verify = str(certificates.authority)
        session.trust_env = False  # a proxy of the environment does not lead to this machine
        try:
            return session.get(url, timeout=_TIMEOUT_SECONDS).status_code == requests.codes.ok
        except requests.RequestException:
            return False
