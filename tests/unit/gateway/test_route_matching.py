"""Which route serves a path, and which paths are served by none."""

import pytest

from gateway.path_template import PathTemplate, TemplateError
from gateway.percent import MalformedTextError
from gateway.routes import (
    MethodNotAllowedError,
    PathNotFoundError,
    RouteConflictError,
    Router,
)

ROUTES = (
    ("GET", "/v1/users/{user_id}"),
    ("PATCH", "/v1/users/{user_id}"),
    ("GET", "/v1/users/search"),
    ("POST", "/v1/users/{user_id}:restore"),
    ("GET", "/v1/users"),
    ("POST", "/v1/users:import"),
    ("GET", "/v1/users/{user_id}/sessions"),
    ("POST", "/v1/users/{user_id}/sessions:revoke"),
    ("DELETE", "/v1/users/{user_id}/sessions/{session_id}"),
    ("GET", "/v1/users/{user.id=*}/owner"),
    ("GET", "/.well-known/jwks.json"),
)


def _router() -> Router[str]:
    router: Router[str] = Router()
    for method, template in ROUTES:
        router.add(method, PathTemplate.parse(template), f"{method} {template}")
    return router


@pytest.mark.parametrize(
    ("method", "path", "target", "variables"),
    [
        ("GET", "/v1/users/me", "GET /v1/users/{user_id}", {"user_id": "me"}),
        ("HEAD", "/v1/users/me", "GET /v1/users/{user_id}", {"user_id": "me"}),
        ("GET", "/v1/users", "GET /v1/users", {}),
        ("POST", "/v1/users:import", "POST /v1/users:import", {}),
        ("POST", "/v1/users/x:restore", "POST /v1/users/{user_id}:restore", {"user_id": "x"}),
        ("GET", "/v1/users/search", "GET /v1/users/search", {}),
        ("PATCH", "/v1/users/search", "PATCH /v1/users/{user_id}", {"user_id": "search"}),
        ("GET", "/v1/users/x/sessions", "GET /v1/users/{user_id}/sessions", {"user_id": "x"}),
        (
            "POST",
            "/v1/users/search/sessions:revoke",
            "POST /v1/users/{user_id}/sessions:revoke",
            {"user_id": "search"},
        ),
        (
            "DELETE",
            "/v1/users/x/sessions/y",
            "DELETE /v1/users/{user_id}/sessions/{session_id}",
            {"user_id": "x", "session_id": "y"},
        ),
        ("GET", "/v1/users/x/owner", "GET /v1/users/{user.id=*}/owner", {"user.id": "x"}),
        ("GET", "/.well-known/jwks.json", "GET /.well-known/jwks.json", {}),
        ("GET", "/v1/users/a%20b%00é", "GET /v1/users/{user_id}", {"user_id": "a b\0é"}),
        ("GET", "/v1/users/%252F", "GET /v1/users/{user_id}", {"user_id": "%2F"}),
        ("GET", "/v1/users/..", "GET /v1/users/{user_id}", {"user_id": ".."}),
        ("GET", "/v1/%75sers/me", "GET /v1/users/{user_id}", {"user_id": "me"}),
    ],
)
def test_finds(method: str, path: str, target: str, variables: dict[str, str]) -> None:
    match = _router().find(method, path)
    assert (match.route.target, match.variables) == (target, variables)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "//",
        "v1/users",
        "/v1",
        "/v1/users/",
        "/v1//users",
        "//v1/users",
        "/V1/users",
        "/v1/users/me/",
        "/v1/users//sessions",
        "/v1/users/x:",
        "/v1/users/x:suspend",
        "/v1/users/x:restore:restore",
        "/v1/users/x:restore/",
        "/v1/users/:restore",
        "/v1/users/x%3Arestore",
        "/v1/users/x%3arestore",
        "/v1/users/x%2Fsessions",
        "/v1/users/x%2fsessions",
        "/v1/users/%2e%2e%2f",
        "/v1/users/a:b/sessions",
        "/v1/users/../v1/users",
        "/.well-known/jwks.json:x",
    ],
)
def test_finds_nothing(path: str) -> None:
    with pytest.raises(PathNotFoundError):
        _router().find("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/users/me", ("GET", "HEAD", "OPTIONS", "PATCH")),
        ("PUT", "/v1/users/search", ("GET", "HEAD", "OPTIONS", "PATCH")),
        ("GET", "/v1/users/me:restore", ("OPTIONS", "POST")),
        ("HEAD", "/v1/users/me:restore", ("OPTIONS", "POST")),
        ("get", "/v1/users", ("GET", "HEAD", "OPTIONS")),
        ("OPTIONS", "/v1/users/x/sessions/y", ("DELETE", "OPTIONS")),
    ],
)
def test_a_path_with_other_methods_tells_them(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(MethodNotAllowedError) as caught:
        _router().find(method, path)
    assert caught.value.allowed == allowed


@pytest.mark.parametrize(
    "path", ["/v1/users/%", "/v1/users/%zz", "/v1/users/%ff", "/v1/users/%c3", "/v1/users/\udcff"]
)
def test_what_is_not_percent_encoded_utf8_is_malformed(path: str) -> None:
    with pytest.raises(MalformedTextError):
        _router().find("GET", path)


def test_two_routes_of_one_shape_and_method_are_a_conflict() -> None:
    with pytest.raises(RouteConflictError):
        _router().add("GET", PathTemplate.parse("/v1/users/{other_name}"), "")


@pytest.mark.parametrize(
    "template",
    [
        "",
        "v1/users",
        "/",
        "/v1/users/",
        "/v1/*",
        "/v1/**",
        "/v1/{user_id=**}",
        "/v1/{user_id=users/*}",
        "/v1/{user_id",
        "/v1/x{user_id}",
        "/v1/{User}",
        "/v1/users:",
        "/v1/users:a:b",
        "/v1/{a}/{a}",
        "/v1/us ers",
    ],
)
def test_a_template_that_cannot_be_served_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        PathTemplate.parse(template)
