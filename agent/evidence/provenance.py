"""Who wrote what a path reads: the class of the least trusted value that it filters on or returns.

Evidence declares a class per field. What is declared nowhere is untrusted. A field declared for a container holds for
everything in it that has no declaration of its own. The full path of a program or file is attested only under a
directory that takes administrator rights to write, so that class is refined by value.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from pydantic import JsonValue

from agent.evidence.errors import PathError
from agent.evidence.paths import ANY, DEEP, Location, Path, Read, children, compile_path, locate
from agent.intake.paths import is_protected_path
from agent.models import Evidence, Provenance, least_trusted

_PATH_NAMES: Final = ("executable", "path")
"""Last words of the field names whose value is a file's full path."""

Declared = Mapping[Location, Provenance]
"""Class by location."""


def classes(path: str, evidence: Evidence) -> Provenance:
    """The class of everything `path` filters on or returns: of a whole object, the least trusted value below it.

    When it returns nothing, the class of whoever attests that there is nothing (see `existence`).

    Raises: PathError when the path is not valid."""
    declared = declarations(evidence)
    compiled = compile_path(path)
    read = list(_read_classes(compiled, evidence, declared))
    found = locate(path, evidence.data)
    if not found:
        return least_trusted(*read, _existence(compiled.location, declared))
    return least_trusted(*read, *(item for at, value in found for item in _value_classes(at, value, declared)))


def existence(path: str, evidence: Evidence) -> Provenance:
    """The class of the fact that `path` selects as many things as it does, their contents left unread.

    Its filters count in full. A row counts as attested when any field of such rows is: who attests one field of a row
    attests that there is, or is not, such a row.

    Raises: PathError when the path is not valid."""
    declared = declarations(evidence)
    compiled = compile_path(path)
    return least_trusted(*_read_classes(compiled, evidence, declared), _existence(compiled.location, declared))


def _read_classes(path: Path, evidence: Evidence, declared: Declared) -> Iterator[Provenance]:
    for read in path.reads:
        if DEEP in read.location:
            yield Provenance.UNTRUSTED
            continue
        known = [kind for at, kind in declared.items() if _fits(at, read.location)]
        values = [
            item
            for at, value in _walk((), evidence.data, read.location)
            for item in _value_classes(at, _as_read(value, read), declared)
        ]
        yield least_trusted(*known, *values)


def _as_read(value: JsonValue, read: Read) -> JsonValue:
    """What a filter can have learned from a value: compared with one literal, it is that literal or does not matter."""
    return read.equals if read.equals is not None and isinstance(value, str) else value


def _value_classes(at: Location, value: JsonValue, declared: Declared) -> Iterator[Provenance]:
    """The class of a value, or of every value below it."""
    inner = list(children(value))
    for part, item in inner:
        yield from _value_classes((*at, part), item, declared)
    if not inner:
        yield leaf_class(at, value, declared)


def leaf_class(at: Location, value: JsonValue, declared: Declared) -> Provenance:
    """The class of one value that has nothing below it."""
    kind = _lookup(at, declared)
    if kind is None:
        return _existence(at, declared) if value in ([], {}) else Provenance.UNTRUSTED
    if kind is Provenance.SENSOR and isinstance(value, str) and _names_a_path(at) and not is_protected_path(value):
        return Provenance.UNTRUSTED
    return kind


def _existence(location: Location, declared: Declared) -> Provenance:
    """The most trusted class declared at or below a location; untrusted when nothing is."""
    if DEEP in location:
        return Provenance.UNTRUSTED
    below = [kind for at, kind in declared.items() if len(at) >= len(location) and _fits(at[: len(location)], location)]
    if not below and (above := _lookup(location, declared)) is not None:
        return above
    return min(below, default=Provenance.UNTRUSTED)


def _lookup(at: Location, declared: Declared) -> Provenance | None:
    """The class declared for a location, or for the nearest container of it."""
    for length in range(len(at), -1, -1):
        if (kind := declared.get(at[:length])) is not None:
            return kind
        wide = [kind for other, kind in declared.items() if len(other) == length and _covers(other, at[:length])]
        if wide:
            return least_trusted(*wide)
    return None


def _covers(declared: Location, at: Location) -> bool:
    return all(part in (ANY, other) for part, other in zip(declared, at, strict=True))


def _fits(declared: Location, read: Location) -> bool:
    """Whether a declared location may be one of those that a path reads."""
    return len(declared) == len(read) and all(
        ANY in (part, other) or part == other for part, other in zip(declared, read, strict=True)
    )


def _walk(at: Location, value: JsonValue, rest: Location) -> Iterator[tuple[Location, JsonValue]]:
    """Every value of the data that stands at a location."""
    if not rest:
        yield at, value
        return
    for part, item in children(value):
        if rest[0] in (ANY, part):
            yield from _walk((*at, part), item, rest[1:])


def _names_a_path(at: Location) -> bool:
    named = next((part for part in reversed(at) if part != ANY), "")
    return named.rpartition(".")[2] in _PATH_NAMES


def declarations(evidence: Evidence) -> Declared:
    """Class by location; a declaration that is no path declares nothing."""
    parsed = ((_parse(path), kind) for path, kind in evidence.provenance.items())
    return {location: kind for location, kind in parsed if location is not None}


@lru_cache(maxsize=8192)
def _parse(path: str) -> Location | None:
    try:
        return compile_path(path).location
    except PathError:
        return None
