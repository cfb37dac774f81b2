"""Asks a process whether it is ready, the way an orchestrator would."""

import grpc
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc

_TIMEOUT_SECONDS = 2


def grpc_serving(address: str) -> bool:
    """Tell whether the gRPC server as a whole answers SERVING (grpc.health.v1, service "")."""
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_ok(url: str) -> bool:
    """Tell whether a GET on loopback answers 200."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment does not lead to this machine
        try:
            return session.get(url, timeout=_TIMEOUT_SECONDS).status_code == requests.codes.ok
        except requests.RequestException:
            return False
