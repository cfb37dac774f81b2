"""What the gateway says about itself: the OpenAPI document, and the page that shows it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from gateway.contract import PACKAGE
from gateway.exchange import Endpoint
from gateway.openapi import document
from gateway.openapi.comments import Comments
from gateway.static_answer import StaticAnswer

OPENAPI_PATH: Final = "/openapi.json"
PAGE_PATH: Final = "/docs"

# Nothing in the page makes markup of text; by its last two parts the browser sees to that.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

_FOLDER: Final = Path(__file__).with_name("docs_page")
_INDEX: Final = "index.html"
_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def describe(services: Sequence[ServiceDescriptor]) -> bytes:
    """The OpenAPI document of some services."""
    packages = {service.file.package for service in services} | {PACKAGE}
    return document.to_bytes(document.build(services, Comments.load(*sorted(packages))))


def routes(choice: str, services: Sequence[ServiceDescriptor]) -> dict[str, Endpoint]:
    """What is served, by path; the choice is the setting's.

    Reads the page's files; raises OSError where they are missing.
    """
    served: dict[str, Endpoint] = {}
    if choice in {"page", "openapi"}:
        served[OPENAPI_PATH] = StaticAnswer(describe(services), "application/json")
    if choice == "page":
        for file in sorted(_FOLDER.iterdir()):
            if file.suffix in _TYPES:
                path = PAGE_PATH if file.name == _INDEX else f"{PAGE_PATH}/{file.name}"
                served[path] = StaticAnswer(file.read_bytes(), _TYPES[file.suffix])
    return served


def policies(paths: Sequence[str]) -> dict[str, str]:
    """The Content-Security-Policy of each path that a browser renders."""
    return {path: PAGE_POLICY for path in paths if path.startswith(PAGE_PATH)}
