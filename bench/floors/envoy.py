"""The configuration of Envoy as a gRPC-JSON transcoder before cores that do nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pandora.user.v1 import auth_service_pb2, user_service_pb2

_TYPES: Final = "type.googleapis.com/envoy.extensions"
# Those that are measured: it refuses one with a stream of a field (`response_body`).
_SERVICES: Final = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in ((auth_service_pb2, "AuthService"), (user_service_pb2, "UserService"))
)
_HTTP: Final = f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"
_HTTP_OPTIONS: Final = f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions"


def configuration(image: Path, *, port: int, cores: Sequence[str]) -> dict[str, Any]:
    """Return the bootstrap; its answers look like the gateway's as far as its options go."""
    transcoder = {
        "@type": f"{_TYPES}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(image),
        "services": list(_SERVICES),
        "convert_grpc_status": True,
        "print_options": {
            "always_print_primitive_fields": True,
            "preserve_proto_field_names": True,
        },
    }
    manager = {
        "@type": _HTTP,
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "core"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "transcoder", "typed_config": transcoder},
            {
                "name": "router",
                "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"},
            },
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _address("127.0.0.1", port),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [_cluster(cores)],
        }
    }


def _cluster(cores: Sequence[str]) -> dict[str, Any]:
    ends = [core.rpartition(":") for core in cores]
    endpoints = [{"endpoint": {"address": _address(host, int(port))}} for host, _, port in ends]
    http2: dict[str, Any] = {"explicit_http_config": {"http2_protocol_options": {}}}
    return {
        "name": "core",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "core", "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _HTTP_OPTIONS,
                **http2,
            }
        },
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
