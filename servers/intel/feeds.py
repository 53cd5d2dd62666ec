"""Fetching: bundle files and a TAXII collection into the store. A feed that fails keeps what it had, and its age."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from servers.errors import ToolError
from servers.intel.settings import IntelSettings
from servers.intel.stix import FeedState, StixStore
from servers.intel.taxii import Collection, collection

MOST_BYTES: Final = 200_000_000
"""Of a bundle file."""
TAXII: Final = "taxii"
STORE: Final = "intel.db"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one feed."""

    feed: str
    kept: int
    refused: int
    problem: ToolError | None = None


def store_path(settings: IntelSettings, root: Path) -> Path:
    """Where the store lies."""
    return root / STORE if settings.store is None else settings.store.expanduser()


def fetch(settings: IntelSettings, store: StixStore, now: Callable[[], datetime]) -> Iterator[Outcome]:
    """Fetch every configured feed, one after the other.

    Raises: ConfigurationError; ToolError when the store cannot be written."""
    names = bundle_names(settings.bundles)
    for name, path in zip(names, settings.bundles, strict=True):
        yield _noted(store, name, str(path), now, partial(_bundle, store, path))
    if settings.taxii_collection is not None:
        taxii, source = collection(settings), settings.taxii_collection
        with closing(taxii.http):
            yield _noted(store, TAXII, source, now, partial(_collected, store, taxii))


def bundle_names(paths: Sequence[Path]) -> list[str]:
    """A name for each bundle's feed: that of its file, with a number where two are alike."""
    names: list[str] = []
    for path in paths:
        stem = path.stem or "bundle"
        names.append(stem if stem not in {*names, TAXII, "local"} else f"{stem}-{len(names) + 1}")
    return names


@dataclass(frozen=True, slots=True)
class _Got:
    kept: int
    refused: int
    added_after: str | None = None


def _noted(
    store: StixStore, name: str, source: str, now: Callable[[], datetime], take: Callable[[FeedState], _Got]
) -> Outcome:
    """Fetch one feed and remember how it went. One that is now at another place is fetched whole."""
    known = {state.name: state for state in (store.feeds() if store.path.exists() else ())}
    fresh = FeedState(name, source, None, None, 0, None)
    old = known.get(name, fresh)
    old = old if old.source == source else fresh
    began = now()
    try:
        got = take(old)
    except ToolError as problem:
        store.note(replace(old, problem=problem.code))
        return Outcome(name, 0, 0, problem)
    store.note(FeedState(name, source, began, got.added_after, got.refused, None))
    return Outcome(name, got.kept, got.refused)


def _collected(store: StixStore, taxii: Collection, old: FeedState) -> _Got:
    """The manifest is asked first: what is added meanwhile comes again next time."""
    if not taxii.readable():
        raise ToolError("forbidden", "the TAXII server does not let this user read the collection")
    newest = taxii.newest(old.added_after)
    kept = refused = 0
    for page in taxii.objects(old.added_after) if newest is not None else ():
        taken = store.put(old.name, page)
        kept, refused = kept + taken.kept, refused + taken.refused
    return _Got(kept, refused, newest or old.added_after)


def _bundle(store: StixStore, path: Path, old: FeedState) -> _Got:
    taken = store.put(old.name, objects_of(path))
    return _Got(taken.kept, taken.refused)


def objects_of(path: Path) -> Sequence[JsonValue]:
    """The objects of a bundle file. Raises: ToolError when it is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        bundle = json.loads(content[: MOST_BYTES + 1]) if len(content) <= MOST_BYTES else None
    except OSError:
        raise ToolError("unreadable", "a bundle file cannot be read", "see MCPSOC_INTEL_BUNDLES") from None
    except (ValueError, RecursionError):
        bundle = None
    objects = bundle.get("objects") if isinstance(bundle, dict) and bundle.get("type") == "bundle" else None
    if not isinstance(objects, list):
        message = f"a bundle file is no STIX bundle, or longer than {MOST_BYTES} bytes"
        raise ToolError("not_a_bundle", message, "see MCPSOC_INTEL_BUNDLES")
    return objects
