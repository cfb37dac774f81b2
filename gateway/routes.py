"""Which target serves a method and a path.

A variable matches one segment that holds neither `/` nor `:`, written or percent-encoded; a literal
wins over a variable; a trailing slash is another path.
"""

from collections.abc import Mapping
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


_End = tuple[Mapping[str, Route[Target]], tuple[str, ...]]
"""Where a path ends: the routes there by method, and the variables' values from left to right."""


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
        # Where a literal and a variable both fit, the literal comes first, but the variable serves
        # what the literal has no method for.
        ends = self._ends(*_split(path))
        for methods, values in ends:
            route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
            if route is not None:
                return Match(route, dict(zip(route.template.variables, values, strict=True)))
        if not ends:
            raise PathNotFoundError
        # OPTIONS is answered for every path that exists.
        allowed = {name for methods, _ in ends for name in methods} | {"OPTIONS"}
        if "GET" in allowed:
            allowed.add("HEAD")
        raise MethodNotAllowedError(tuple(sorted(allowed)))

    def _ends(self, segments: list[str | None], verb: str) -> list[_End[Target]]:
        """Every place where a path ends."""
        places: list[tuple[_Node[Target], tuple[str, ...]]] = [(self._root, ())]
        for segment in segments:
            if segment is None or not places:
                return []
            following = []
            for node, values in places:
                literal = node.literals.get(segment)
                if literal is not None:
                    following.append((literal, values))
                if node.variable is not None:
                    following.append((node.variable, (*values, segment)))
            places = following
        return [
            (node.methods_by_verb[verb], values)
            for node, values in places
            if verb in node.methods_by_verb
        ]


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
