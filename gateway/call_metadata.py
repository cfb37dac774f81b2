"""What travels to the core beside the request message: metadata and the deadline."""

import re
from typing import Final

from aiohttp import web

from gateway.exchange import Exchange
from gateway.problem import refuse

Metadata = tuple[tuple[str, str], ...]

# gRPC refuses metadata of more than 8 KiB in sum; the longest of everything stays below that.
_LEGAL: Final = re.compile(r"[ -~]{0,4096}")
_ILLEGAL_CHARACTER: Final = re.compile(r"[^ -~]")
# Not a token that anyone was given: the core refuses it wherever a token counts, in its own words.
_UNREADABLE_CREDENTIALS: Final = "Bearer unreadable"
_LONGEST_USER_AGENT: Final = 512
_LONGEST_TRACESTATE: Final = 512

# grpc-timeout of "gRPC over HTTP2"; as an HTTP header first understood by grpc-gateway.
_TIMEOUT_HEADER: Final = "Grpc-Timeout"
_TIMEOUT: Final = re.compile(r"([0-9]{1,8})([HMSmun])")
_SECONDS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def metadata_of(exchange: Exchange) -> Metadata:
    """Credentials, trace, request id, and who is calling from where.

    gRPC carries printable ASCII alone, and not much of it; header values may be anything.
    Credentials that cannot be carried, or stand there twice, become ones that the core refuses;
    other text has its odd characters replaced.
    """
    headers = exchange.request.headers
    metadata = [
        ("traceparent", exchange.traceparent),
        ("x-request-id", exchange.request_id),
    ]
    credentials = headers.getall("Authorization", None)
    if credentials:
        legal = len(credentials) == 1 and _LEGAL.fullmatch(credentials[0])
        metadata.append(("authorization", credentials[0] if legal else _UNREADABLE_CREDENTIALS))
    if exchange.tracestate and len(exchange.tracestate) <= _LONGEST_TRACESTATE:
        metadata.append(("tracestate", exchange.tracestate))
    if exchange.client_address:
        metadata.append(("x-client-address", exchange.client_address))
    user_agent = headers.get("User-Agent")
    if user_agent:
        shown = _ILLEGAL_CHARACTER.sub("?", user_agent[:_LONGEST_USER_AGENT])
        metadata.append(("x-client-user-agent", shown))
    return tuple(metadata)


def timeout_of(request: web.BaseRequest, longest_seconds: float) -> float:
    """The call's time-out in seconds: the setting, or less where the client asks for less.

    Raises ProblemError (MALFORMED_REQUEST) for a Grpc-Timeout that is not one.
    """
    text = request.headers.get(_TIMEOUT_HEADER)
    if text is None:
        return longest_seconds
    match = _TIMEOUT.fullmatch(text)
    if match is None or not int(match[1]):
        raise refuse("MALFORMED_REQUEST", f"{_TIMEOUT_HEADER} must be like 500m or 2S.")
    return min(int(match[1]) * _SECONDS[match[2]], longest_seconds)
