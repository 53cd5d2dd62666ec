"""JSONPath into evidence (RFC 9535): compiled once, run within bounds, and taken apart to see which fields it reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError, JSONPathMatch
from jsonpath.filter import BaseExpression, FilterQuery, InfixExpression, RootFilterQuery, StringLiteral
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import Filter, IndexSelector, JSONPathSelector, NameSelector, WildcardSelector
from pydantic import JsonValue

from agent.evidence.errors import PathError
from agent.evidence.patterns import Match, Search

MAX_PATH_LENGTH: Final = 20_000
"""Long enough for a path that holds a whole command line as its literal."""
MAX_SELECTORS: Final = 60
MAX_FILTER_DEPTH: Final = 2

ANY: Final = "\0any"
"""A part of a location that stands for every array index and every member name."""
DEEP: Final = "\0deep"
"""A part of a location that stands for any number of parts."""

Location = tuple[str, ...]
"""Where something stands: member names, with `ANY` for array indexes."""


@dataclass(frozen=True, slots=True)
class Read:
    """A location whose value a filter looks at."""

    location: Location
    equals: str | None = None
    """The literal it is compared with by `==`, when that is all that is done with it."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled JSONPath and what it reads."""

    query: JSONPath
    location: Location
    """Of what the path selects."""
    reads: tuple[Read, ...]
    """Of what its filters look at to decide."""


class _Environment(JSONPathEnvironment):
    """Strict RFC 9535 with its five functions and our bounds."""

    max_recursion_depth = 60

    def setup_function_extensions(self) -> None:
        """The standard functions, the two that take patterns replaced by ours."""
        super().setup_function_extensions()
        self.function_extensions["match"] = Match()
        self.function_extensions["search"] = Search()


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    return _Environment(strict=True)


@lru_cache(maxsize=4096)
def compile_path(path: str) -> Path:
    """`path` compiled and taken apart.

    Raises: PathError when it is not RFC 9535, or asks for more than a path into evidence needs."""
    if len(path) > MAX_PATH_LENGTH:
        raise PathError(f"a path of {len(path)} characters is longer than {MAX_PATH_LENGTH}")
    try:
        query = _environment().compile(path)
    except (JSONPathError, RecursionError, ValueError) as error:
        raise PathError(f"{_clip(path)} is not a JSONPath: {_reason(error)}") from error
    if not isinstance(query, JSONPath):
        raise PathError(f"{_clip(path)} is not one JSONPath but several")
    _check_bounds(query, path)
    reads: list[Read] = []
    location = _follow(query.segments, (), reads)
    return Path(query, location, tuple(reads))


def is_plain(path: str) -> bool:
    """Whether each step of the path is one member, one index or all of a list: at most one visit of every value.

    Raises: PathError as `compile_path`."""
    return all(
        not isinstance(segment, JSONPathRecursiveDescentSegment)
        and len(segment.selectors) == 1
        and isinstance(segment.selectors[0], NameSelector | IndexSelector | WildcardSelector)
        for segment in compile_path(path).query.segments
    )


def select(path: str, data: JsonValue) -> list[JsonValue]:
    """Every value that `path` selects in `data`, in document order.

    Raises: PathError when the path is not valid or takes too much work on this data."""
    return [value for _, value in locate(path, data)]


def locate(path: str, data: JsonValue) -> list[tuple[Location, JsonValue]]:
    """Every value that `path` selects, with where it stands.

    Raises: as `select`."""
    compiled = compile_path(path)
    if not isinstance(data, dict | list):
        return [((), data)] if path == "$" and data is not None else []
    try:
        return [(_location_of(match.parts), _json(match.obj)) for match in compiled.query.finditer(data)]
    except (JSONPathError, RecursionError) as error:
        raise PathError(f"{_clip(path)} cannot be followed here: {_reason(error)}") from error


def enclosing(path: str, data: JsonValue, member: str) -> list[JsonValue]:
    """`member` of the nearest object around (or at) each place that `path` selects, where there is one.

    Raises: as `select`."""
    if not isinstance(data, dict | list):
        return []
    try:
        return [value for match in compile_path(path).query.finditer(data) for value in _nearest(match, member)]
    except (JSONPathError, RecursionError) as error:
        raise PathError(f"{_clip(path)} cannot be followed here: {_reason(error)}") from error


def _nearest(match: JSONPathMatch | None, member: str) -> Iterator[JsonValue]:
    while match is not None:
        if isinstance(match.obj, dict) and member in match.obj:
            yield _json(match.obj[member])
            return
        match = match.parent


def children(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The members or items of a value, each with its part of a location."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for item in value:
            yield ANY, item


def _location_of(parts: Sequence[str | int]) -> Location:
    return tuple(part if isinstance(part, str) else ANY for part in parts)


def _json(value: object) -> JsonValue:
    """What was selected from JSON is JSON."""
    if value is None or isinstance(value, str | int | float | bool | dict | list):
        return value
    raise PathError(f"the path leads to a {type(value).__name__}, which is not JSON")


def _follow(segments: Sequence[JSONPathSegment], at: Location, reads: list[Read]) -> Location:
    """The location the segments lead to from `at`; what filters on the way look at is added to `reads`."""
    for segment in segments:
        if isinstance(segment, JSONPathRecursiveDescentSegment):
            at = (*at, DEEP)
        name = _name(segment.selectors)
        at = (*at, ANY if name is None else name)
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                reads.extend(_filter_reads(selector.expression, at))
    return at


def _name(selectors: Sequence[JSONPathSelector]) -> str | None:
    """The member name, when the selectors name exactly one."""
    if len(selectors) == 1 and isinstance(selectors[0], NameSelector):
        return selectors[0].name
    return None


def _filter_reads(expression: BaseExpression, at: Location) -> Iterator[Read]:
    if isinstance(expression, FilterQuery):
        inner: list[Read] = []
        start = () if isinstance(expression, RootFilterQuery) else at
        yield Read(_follow(expression.path.segments, start, inner))
        yield from inner
    elif (anchored := _anchored(expression)) is not None:
        query, literal = anchored
        for read in _filter_reads(query, at):
            yield Read(read.location, literal)
    else:
        for child in expression.children():
            yield from _filter_reads(child, at)


def _anchored(expression: BaseExpression) -> tuple[FilterQuery, str] | None:
    """Query and literal of `query == 'literal'` where the query has no filter of its own."""
    if not isinstance(expression, InfixExpression) or expression.operator != "==":
        return None
    sides = (expression.left, expression.right)
    query = next((side for side in sides if isinstance(side, FilterQuery)), None)
    literal = next((side for side in sides if isinstance(side, StringLiteral)), None)
    if query is None or literal is None or query.children():
        return None
    return query, literal.value


def _check_bounds(query: JSONPath, path: str) -> None:
    """A path may not multiply its results or its work: one descent, no repeated wildcards in one segment, few nested
    filters, and no filter that walks the whole answer again for each node."""
    segments = list(_all_segments(query, 0))
    if any(isinstance(inner, RootFilterQuery) and not inner.path.singular_query() for inner in _inner(query)):
        raise PathError(f"{_clip(path)} asks in a filter for more than one value from the root (`$`)")
    descents = [depth for segment, depth in segments if isinstance(segment, JSONPathRecursiveDescentSegment)]
    if len(descents) > 1 or any(descents):
        raise PathError(f"{_clip(path)} descends (`..`) more than once or inside a filter")
    if sum(len(segment.selectors) for segment, _ in segments) > MAX_SELECTORS:
        raise PathError(f"{_clip(path)} has more than {MAX_SELECTORS} selectors")
    if max((depth for _, depth in segments), default=0) > MAX_FILTER_DEPTH:
        raise PathError(f"{_clip(path)} nests filters deeper than {MAX_FILTER_DEPTH}")
    for segment, _ in segments:
        if len(segment.selectors) > 1 and _name(segment.selectors[:1]) is None:
            raise PathError(f"{_clip(path)} selects several ways in one pair of brackets, which is for names only")


def _inner(query: JSONPath) -> Iterator[FilterQuery]:
    """Every query that stands in a filter of this one, however deep."""
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                for inner in _queries(selector.expression):
                    yield inner
                    yield from _inner(inner.path)


def _all_segments(query: JSONPath, depth: int) -> Iterator[tuple[JSONPathSegment, int]]:
    """Every segment of the query and of the queries in its filters, with how many filters it lies in."""
    for segment in query.segments:
        yield segment, depth
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                for inner in _queries(selector.expression):
                    yield from _all_segments(inner.path, depth + 1)


def _queries(expression: BaseExpression) -> Iterator[FilterQuery]:
    if isinstance(expression, FilterQuery):
        yield expression
        return
    for child in expression.children():
        yield from _queries(child)


def _clip(path: str) -> str:
    return repr(path if len(path) <= 120 else path[:117] + "...")


def _reason(error: Exception) -> str:
    """What went wrong, without the library's picture of where (which cannot be drawn for every text)."""
    return str(error.args[0] if error.args else type(error).__name__)[:200]


def first_name(path: str, data: Mapping[str, JsonValue]) -> str | None:
    """The member of the answer that the path starts in when the answer has no such member; None when all is well."""
    location = compile_path(path).location
    if location and location[0] not in (ANY, DEEP) and location[0] not in data:
        return location[0]
    return None
