"""The documents there are, by kind, and the notes that wait for a person."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from knowledge.models import KINDS
from ui.api.models_knowledge import KnowledgeDocument, KnowledgeDocuments
from ui.cli.catalogue import Catalogue
from ui.web.frame import address_with
from ui.web.icons import icon
from ui.web.knowledge.asking import Asked
from ui.web.knowledge.labels import kind_name, language_mark, whose_mark
from ui.web.markup import Html, el
from ui.web.notices import empty

ROWS: Final = 100
"""Documents on one page of the list."""


def draw_documents(t: Catalogue, asked: Asked, found: KnowledgeDocuments) -> Html:
    """Every document that was asked for, under its kind; each opens."""
    if not found.documents:
        return _nothing(t, asked)
    groups = groupby(found.documents, key=lambda document: document.kind)
    parts = [
        el(
            "section",
            el("h2", kind_name(t, kind, many=True), " ", el("span", str(found.kinds.get(kind, 0)), class_="number")),
            el("ul", *(_row(t, document) for document in documents), class_="documents"),
            id=f"kind-{kind}",
        )
        for kind, documents in groups
    ]
    return el("div", _kinds(t, asked, found), *parts, _pages(t, asked, found), class_="listing")


def draw_waiting(t: Catalogue, notes: Sequence[KnowledgeDocument]) -> Html | None:
    """Notes that closed cases proposed and nobody has promoted, with what promoting one means."""
    if not notes:
        return None
    meaning = t(
        "A closed case proposes what is worth knowing next time. Until a person promotes it, it stays a note from"
        " outside: found, quoted, never counted. Promoting it makes it one of your own documents, under your name."
    )
    return el(
        "section",
        el("h2", t("Notes waiting for a person"), " ", el("span", str(len(notes)), class_="number")),
        el("p", meaning, class_="soft"),
        el("ul", *(_waiting(t, note) for note in notes), class_="documents"),
        class_="waiting",
    )


def _waiting(t: Catalogue, note: KnowledgeDocument) -> Html:
    marks = el("span", whose_mark(t, note.provenance), language_mark(note.language), class_="marks")
    return el("li", _opening(note), marks, promoting(t, note.id))


def promoting(t: Catalogue, document_id: str) -> Html:
    """The command by which a person makes a document one of the operator's own; it copies itself."""
    quoted = document_id.replace("'", "'\\''")
    command = f"mcpsoc kb promote '{quoted}'"
    return el(
        "span",
        el("code", command),
        el("button", icon("copy"), t("Copy"), data_copy=command, type="button", class_="button plain"),
        class_="command",
    )


def _row(t: Catalogue, document: KnowledgeDocument) -> Html:
    promoted = t("promoted by {name}", name=document.promoted_by) if document.promoted_by else None
    return el(
        "li",
        _opening(document),
        el(
            "span",
            whose_mark(t, document.provenance),
            language_mark(document.language),
            el("span", t("sections: {n}", n=document.sections), class_="soft small"),
            el("span", promoted, class_="soft small") if promoted else None,
            el("span", document.source, class_="soft small source") if document.source else None,
            class_="marks",
        ),
    )


def _opening(document: KnowledgeDocument) -> Html:
    place = address_with(document=document.id, section=None)
    return el("a", document.title, href=place, data_go=True, lang=document.language)


def _kinds(t: Catalogue, asked: Asked, found: KnowledgeDocuments) -> Html | None:
    """One link for each kind there is."""
    if len(found.kinds) < 2 and asked.kind is None:
        return None
    links = (
        el(
            "a",
            kind_name(t, kind, many=True),
            el("b", str(found.kinds[kind])),
            href=address_with(kind=None if asked.kind == kind else kind, **{"from": None}),
            data_go=True,
            aria_current="true" if asked.kind == kind else None,
        )
        for kind in KINDS
        if found.kinds.get(kind)
    )
    return el("nav", *links, class_="tabs", aria_label=t("Kind"))


def _pages(t: Catalogue, asked: Asked, found: KnowledgeDocuments) -> Html | None:
    if found.total <= ROWS:
        return None
    first, last = asked.start + 1, min(asked.start + ROWS, found.total)
    before = str(max(0, asked.start - ROWS)) if asked.start else None
    after = str(asked.start + ROWS) if last < found.total else None
    return el(
        "nav",
        el("a", t("Previous"), href=address_with(**{"from": before}), data_go=True, class_="button")
        if before
        else None,
        el("span", t("{first} to {last} of {total}", first=first, last=last, total=found.total), class_="soft"),
        el("a", t("Next"), href=address_with(**{"from": after}), data_go=True, class_="button") if after else None,
        class_="paging",
        aria_label=t("Pages of the list"),
    )


def _nothing(t: Catalogue, asked: Asked) -> Html:
    if asked.narrowed:
        return empty("knowledge", t("No such document"), t("Nothing is left of the list when it is narrowed so far."))
    lead = t("Runbooks and procedures are found here. The ones that come along are put in on the first start.")
    return empty("knowledge", t("No document yet"), lead)
