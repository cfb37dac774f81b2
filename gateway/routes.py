"""Which target serves a method and a path.

A variable matches one segment that holds neither `/` nor `:`, written or percent-encoded; a literal
wins over a variable; a trailing slash is another path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.path_template import PathTemplate
from gateway.percent import decode

Target = TypeVar("Target")


class RouteConflictError(Exception):
    """Two routes answer the same method and path."""


class PathNotFoundError(Exception):
    """No route has this path."""


class MethodNotAllowedError(Exception):
    """The path exists, but not with this method. `allowed` is sorted."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Keep the methods that the path has."""
        super().__init__(allowed)
        self.allowed = allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Target]):
    """One method of one template."""

    method: str
    template: PathTemplate
    target: Target


@dataclass(frozen=True, slots=True)
class Match(Generic[Target]):
    """The route that serves a request, with the decoded variables by field path."""

    route: Route[Target]
    variables: Mapping[str, str]


@dataclass(slots=True)
class _Node(Generic[Target]):
    literals: dict[str, "_Node[Target]"] = field(default_factory=dict)
    variable: "_Node[Target] | None" = None
    methods_by_verb: dict[str, dict[str, Route[Target]]] = field(default_factory=dict)


class Router(Generic[Target]):
    """A tree of segments."""

    def __init__(self) -> None:
        """Begin without routes."""
        self._root: _Node[Target] = _Node()

    def add(self, method: str, template: PathTemplate, target: Target) -> None:
        """Serve a method and a path. Raises RouteConflictError where that is served already."""
        node = self._root
        for segment in template.segments:
            if segment is None:
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literals.setdefault(segment, _Node())
        methods = node.methods_by_verb.setdefault(template.verb, {})
        if method in methods:
            raise RouteConflictError(
                f"{method} {template.text} and {methods[method].template.text}"
            )
        methods[method] = Route(method=method, template=template, target=target)

    def find(self, method: str, path: str) -> Match[Target]:
        """Find what serves a raw path (without query); HEAD is served by GET.

        Raises PathNotFoundError, MethodNotAllowedError, MalformedTextError.
        """
        segments, verb = _split(path)
        allowed: set[str] = set()
        for methods, values in _leaves(self._root, segments, 0, verb):
            route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
            if route is not None:
                return Match(route, dict(zip(route.template.variables, values, strict=True)))
            allowed.update(methods, ("HEAD",) if "GET" in methods else ())
        if allowed:
            raise MethodNotAllowedError(tuple(sorted(allowed)))
        raise PathNotFoundError


def _split(path: str) -> tuple[list[str | None], str]:
    """Decoded segments and the raw verb with its colon; None for a segment that nothing matches."""
    head, slash, last = path.rpartition("/")
    last, colon, verb = last.partition(":")
    raw = [*head.split("/")[1:], last] if slash else []
    return [_segment(segment) for segment in raw], colon + verb


def _segment(raw: str) -> str | None:
    if ":" in raw or not raw:
        return None
    decoded = decode(raw)
    # An encoded delimiter is data that no variable may hold: it must not become one further in.
    return None if "/" in decoded or ":" in decoded else decoded


def _leaves(
    node: _Node[Target], segments: list[str | None], index: int, verb: str
) -> Iterator[tuple[Mapping[str, Route[Target]], tuple[str, ...]]]:
    """Every place where the path ends, with the variables' values; those by literals first."""
    if index == len(segments):
        if verb in node.methods_by_verb:
            yield node.methods_by_verb[verb], ()
        return
    segment = segments[index]
    if segment is None:
        return
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _leaves(literal, segments, index + 1, verb)
    if node.variable is not None:
        for methods, values in _leaves(node.variable, segments, index + 1, verb):
            yield methods, (segment, *values)
