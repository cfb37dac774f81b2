"""What a request is for: targets, methods, hosts, queries."""

from typing import Final

from tests.e2e.hostile import LOGIN, MARKER, ME, Row, head, malformed, row

_ANSWERED_BY_THE_CORE: Final = (401, "TOKEN_MISSING")


def _get(name: str, target: str, status: int, reason: str) -> Row:
    return row(name, head("GET", target), status, reason)


def _not_found(name: str, target: str, method: str = "GET") -> Row:
    return row(name, head(method, target), 404, "ROUTE_NOT_FOUND")


def _bad(name: str, target: str) -> Row:
    return malformed(name, head("GET", target))


def _host(name: str, *lines: str) -> Row:
    return malformed(name, head("GET", ME, *lines, host=""))


ROWS: Final = (
    _not_found("traversal", "/v1/../../etc/passwd"),
    _not_found("traversal below a resource", "/v1/users/../../../etc/passwd"),
    _not_found("traversal with an encoded slash", "/v1/users/..%2f..%2fetc%2fpasswd"),
    _not_found("an empty segment", "/v1//users/me"),
    _not_found("two slashes first", f"//{MARKER}/v1/users/me"),
    _not_found("a slash behind", "/v1/users/me/"),
    _not_found("an encoded colon", "/v1/users/me%3Arestore", "POST"),
    _not_found("a verb nobody knows", "/v1/users/me:promote", "POST"),
    _not_found("a path in capitals", "/V1/USERS/ME"),
    _not_found("an RPC by its gRPC path", "/pandora.user.v1.UserService/BatchGetUsers", "POST"),
    _not_found("a file of the page's folder", "/docs/..%5c..%5capp.py"),
    _not_found("a file above the page's folder", "/docs/../app.py"),
    _get("encoded dots", "/v1/users/%2e%2e", *_ANSWERED_BY_THE_CORE),
    _get("dots encoded twice", "/v1/users/%252e%252e%252fetc", *_ANSWERED_BY_THE_CORE),
    _get("backslashes", "/v1/users/..%5c..%5cetc", *_ANSWERED_BY_THE_CORE),
    _get("an encoded NUL", "/v1/users/%00", *_ANSWERED_BY_THE_CORE),
    _get("encoded line breaks", "/v1/users/a%0d%0aSet-Cookie:x", 404, "ROUTE_NOT_FOUND"),
    _get(
        "line breaks in the query",
        "/v1/users?query=a%0d%0aSet-Cookie:%20x=1",
        *_ANSWERED_BY_THE_CORE,
    ),
    _get("markup in the query", "/v1/users?query=<script>m4rk3r</script>", *_ANSWERED_BY_THE_CORE),
    _bad("half an escape", "/v1/users/%4"),
    _bad("an escape that is none", "/v1/users/%zz"),
    _bad("an escape of JavaScript", "/v1/users/%u0041"),
    _bad("an overlong encoding of a dot", "/v1/users/%c0%ae%c0%ae"),
    _bad("an encoded surrogate", "/v1/users/%ed%a0%80"),
    _bad("an encoded byte that is no UTF-8", "/v1/users/%ff"),
    _bad("a byte that is no UTF-8", "/v1/users/\xff"),
    _bad("a NUL in the path", "/v1/users/\x00"),
    _bad("a tab in the path", "/v1/users/a\tb"),
    _bad("an escape in the query that is none", "/v1/users?query=%zz"),
    _bad("a query that is no UTF-8", "/v1/users?query=%ff"),
    _bad("a parameter nobody knows", f"/v1/users?sort={MARKER}"),
    _bad("a parameter twice", "/v1/users?page_size=1&page_size=2"),
    _bad("a parameter twice, once in disguise", "/v1/users?page_size=1&page%5fsize=2"),
    _bad("a number that is none", f"/v1/users?page_size={MARKER}"),
    _bad("a number beyond 32 bits", "/v1/users?page_size=99999999999"),
    _bad("a number of 1,000 digits", "/v1/users?page_size=" + "9" * 1000),
    _bad("infinity for a number", "/v1/users?page_size=1e999999"),
    _bad("an object for a parameter", f"/v1/users?page_size[a]={MARKER}"),
    _bad("1,000 parameters", "/v1/users?" + "a=b&" * 1000),
    _get("10,000 parameters", "/v1/users?" + "a=b&" * 10_000, 431, "HEADERS_TOO_LARGE"),
    _get("a target of 9,000 bytes", "/" + "a" * 9000, 431, "HEADERS_TOO_LARGE"),
    _get("a target of 1 MiB", "/" + "a" * 1_048_576, 431, "HEADERS_TOO_LARGE"),
    _get("absolute form", f"http://{MARKER}.example{ME}", *_ANSWERED_BY_THE_CORE),
    _get(
        "absolute form of nothing here",
        "http://evil.example/latest/meta-data",
        404,
        "ROUTE_NOT_FOUND",
    ),
    _get(
        "absolute form with a name and a password", f"http://a:{MARKER}@g/x", 404, "ROUTE_NOT_FOUND"
    ),
    _bad("absolute form without a host", f"http:///{MARKER}"),
    _bad("absolute form of another scheme", "file:///etc/passwd"),
    _bad("authority form", "g:80"),
    _bad("asterisk form", "*"),
    _bad("no form at all", MARKER),
    row("asterisk form for OPTIONS", head("OPTIONS", "*"), 204),
    _not_found("CONNECT", "evil.example:443", "CONNECT"),
    row("TRACE", head("TRACE", ME), 405, "METHOD_NOT_ALLOWED"),
    row("a wrong method", head("PUT", LOGIN), 405, "METHOD_NOT_ALLOWED"),
    row("a method of WebDAV", head("PROPFIND", ME), 405, "METHOD_NOT_ALLOWED"),
    row(
        "another method by header",
        head("GET", LOGIN, "X-HTTP-Method-Override: POST"),
        405,
        "METHOD_NOT_ALLOWED",
    ),
    _host("no Host"),
    _host("an empty Host", "Host:"),
    _host("two Hosts", "Host: g", f"Host: {MARKER}"),
    _host("a Host with a path", f"Host: g/{MARKER}"),
    _host("a Host with a name", f"Host: {MARKER}@g"),
    _host("a list of Hosts", "Host: g, evil.example"),
    _host("a Host with a space", "Host: g evil"),
    _host("a Host that is no ASCII", "Host: \xe9"),
)
