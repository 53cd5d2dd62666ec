"""How the knowledge base is printed for a person. What comes from outside is text, and said to be from outside."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final, get_args

import typer
from pydantic import JsonValue

from agent.evidence.text import inert as shown
from knowledge.models import KINDS, Document, DocumentLine, Kind, Language, Section
from knowledge.search import Hit
from knowledge.store import StoreStats
from ui.cli.catalogue import Catalogue
from ui.cli.output import console, say, write_json, write_line, write_table
from ui.cli.terms import inert
from ui.errors import UsageError
from ui.library.adding import Added
from ui.library.filing import Written
from ui.library.finding import Found

_SHOWN: Final = 300
_MOST_REFUSED: Final = 20
QUOTED: Final = "> "
"""Before every line of an outside text."""


def kind_named(name: str | None) -> Kind | None:
    """The kind of that name. Raises: UsageError."""
    found = next((kind for kind in KINDS if kind == name), None)
    if name is not None and found is None:
        raise UsageError("no kind {name}; there are: {names}", name=name, names=", ".join(KINDS))
    return found


def language_named(name: str | None) -> Language | None:
    """The language of that name. Raises: UsageError."""
    known: tuple[Language, ...] = get_args(Language)
    found = next((language for language in known if language == name), None)
    if name is not None and found is None:
        raise UsageError("no such language; there are: {languages}", languages=", ".join(known))
    return found


@contextmanager
def bar(t: Catalogue) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, gone when it is done; nothing where nobody watches."""
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(t("making it searchable"), total=None)
        yield lambda done, whole: progress.update(task, completed=done, total=whole)


def print_hits(t: Catalogue, found: Found, *, as_json: bool) -> None:
    """The sections that fit."""
    if as_json:
        write_json({"hits": [_hit(hit) for hit in found.own], "outside": [_hit(hit) for hit in found.outside]})
        return
    for hit in found.own:
        _print_hit(hit, "")
    if found.outside:
        write_line(t("From outside: to be read, never to be followed."))
    for hit in found.outside:
        _print_hit(hit, QUOTED)
    if not found.own and not found.outside:
        say(t("nothing relevant"))


def print_document(t: Catalogue, document: Document, sections: Sequence[Section], *, as_json: bool) -> None:
    """One section or all of them."""
    if as_json:
        write_json({**_line(document), "sections": [_section(section) for section in sections]})
        return
    mark = QUOTED if document.provenance != "T0" else ""
    write_line(f"{inert(document.title)}  ({document.kind}, {document.language})")
    if mark:
        write_line(t("From outside: to be read, never to be followed."))
    if document.promoted_by:
        write_line(t("made your own by {name}", name=inert(document.promoted_by)))
    for section in sections:
        write_line(f"\n{mark}{inert(section.heading)}  [{inert(section.id)}]")
        _print_text(section.text, mark)


def print_lines(t: Catalogue, lines: Sequence[DocumentLine], *, as_json: bool) -> None:
    """The documents as a table."""
    if as_json:
        write_json([asdict(line) for line in lines])
        return
    headings = (t("document"), t("whose"), t("kind"), t("language"), t("sections"), t("title"))
    own, outside = t("your own"), t("outside")
    write_table(
        headings,
        [
            (
                line.id,
                own if line.provenance == "T0" else outside,
                line.kind,
                line.language,
                str(line.sections),
                line.title,
            )
            for line in lines
        ],
    )


def print_added(t: Catalogue, added: Added, *, as_json: bool) -> None:
    """What came in, what was taken out, and what was refused."""
    changes = added.changes
    if as_json:
        write_json(
            {
                "origin": added.origin,
                "documents": added.documents,
                "sections": added.sections,
                "added": list(changes.added),
                "changed": list(changes.changed),
                "removed": list(changes.removed),
                "refused": [asdict(refusal) for refusal in added.refused],
                "others": added.others,
            }
        )
        return
    write_line(
        t(
            "{documents} documents, {sections} sections: {added} new, {changed} changed, {removed} gone",
            documents=added.documents,
            sections=added.sections,
            added=len(changes.added),
            changed=len(changes.changed),
            removed=len(changes.removed),
        )
    )
    for refusal in added.refused[:_MOST_REFUSED]:
        say(t("refused: {path}: {reason}", path=inert(refusal.path), reason=inert(refusal.reason)))
    if len(added.refused) > _MOST_REFUSED:
        say(t("and {n} more", n=len(added.refused) - _MOST_REFUSED))
    if added.others:
        say(t("files of other kinds, not read: {n}", n=added.others))


def confirmed(t: Catalogue, document: Document) -> None:
    """Ask whether this is to be the operator's own. Raises: UsageError when nobody answers yes."""
    say(t("{id}: {title}, {n} sections", id=inert(document.id), title=inert(document.title),
          n=len(document.sections)))  # fmt: skip
    for section in document.sections:
        for line in section.text.splitlines():
            say(f"{QUOTED}{shown(line, None)}")
    say(t("As your own document it is cited by the chat and read in every investigation."))
    if not sys.stdin.isatty() or not typer.confirm(t("Make it your own?"), err=True):
        raise UsageError("nothing was changed; --yes says it without being asked")


def print_promoted(t: Catalogue, document: Document, *, as_json: bool) -> None:
    """A document after it was made the operator's own."""
    if as_json:
        write_json({**_line(document), "sections": len(document.sections)})
    else:
        write_line(
            t("{id} is your own now, says {name}", id=inert(document.id), name=inert(document.promoted_by or ""))
        )


def print_written(t: Catalogue, folder: Path, written: Written, *, as_json: bool) -> None:
    """What was exported."""
    if as_json:
        write_json({"folder": str(folder), "files": len(written.files), "differing": list(written.differing)})
        return
    write_line(t("{n} documents written to {folder}", n=len(written.files), folder=folder))
    for name in written.differing:
        say(t("{id} will be cut in other places when it is read back", id=inert(name)))


def print_stats(t: Catalogue, stats: StoreStats, *, as_json: bool) -> None:
    """How much there is."""
    if as_json:
        write_json({name: dict(value) if isinstance(value, dict) else value for name, value in asdict(stats).items()})
        return
    rows = (
        (t("documents"), str(stats.documents)),
        (t("sections"), str(stats.sections)),
        (t("by kind"), _counts(stats.kinds)),
        (t("by language"), _counts(stats.languages)),
        (t("by class"), _counts(stats.provenance)),
        (t("vectors"), f"{stats.vectors} ({stats.embedder or '-'})"),
        (t("revision"), t("{revision}, searched by the index up to {watermark}", revision=stats.revision,
                          watermark=stats.watermark)),
        (t("index"), stats.projection),
        (t("bytes"), f"{stats.bytes:,}"),
    )  # fmt: skip
    for name, value in rows:
        write_line(f"{name}: {value}")
    if stats.rebuilt_because:
        say(t("the index was built anew: {reason}", reason=inert(stats.rebuilt_because)))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "-"


def _print_hit(hit: Hit, mark: str) -> None:
    section = hit.section
    write_line(f"{hit.score:.2f}  {inert(section.id)}  {inert(section.title)} › {inert(section.heading)}")
    text = section.text if len(section.text) <= _SHOWN else f"{section.text[:_SHOWN]}…"
    _print_text(text, f"      {mark}")
    write_line("")


def _print_text(text: str, mark: str) -> None:
    for line in text.splitlines():
        write_line(f"{mark}{shown(line, None)}")


def _hit(hit: Hit) -> dict[str, JsonValue]:
    return {
        **_section(hit.section),
        "title": hit.section.title,
        "score": hit.score,
        "kind": hit.kind,
        "language": hit.language,
        "provenance": hit.provenance,
        "source": hit.source,
        "also": list(hit.also),
    }


def _section(section: Section) -> dict[str, JsonValue]:
    return {"id": section.id, "section": section.heading, "text": section.text}


def _line(document: Document) -> dict[str, JsonValue]:
    return {
        "id": document.id,
        "title": document.title,
        "provenance": document.provenance,
        "kind": document.kind,
        "language": document.language,
        "origin": document.origin,
        "source": document.source,
        "promoted_by": document.promoted_by,
    }
