"""One section to read: where it stands, its words, and the way to what comes before and after."""

from typing import Final

from ui.api.models_knowledge import KnowledgeHeading, KnowledgeSection
from ui.cli.catalogue import Catalogue
from ui.web.frame import address_with
from ui.web.icons import icon
from ui.web.knowledge.labels import kind_name, language_mark, whose_mark
from ui.web.knowledge.listing import promoting
from ui.web.knowledge.writing import quoted, written
from ui.web.markup import Html, el

MANY: Final = 12
"""Headings from which the contents are folded."""


def draw_section(t: Catalogue, section: KnowledgeSection) -> Html:
    """One section whole. The operator's keeps its structure; that of somebody else is a quotation."""
    own = section.document.provenance == "T0"
    text = written(section.text) if own else quoted(section.text)
    return el(
        "div",
        el(
            "article",
            _head(t, section),
            None if own else _warning(t, section),
            el("div", text, lang=section.document.language),
            _cite(t, section),
            _neighbours(t, section),
            class_="section",
        ),
        _contents(t, section),
        class_="reading",
    )


def _head(t: Catalogue, section: KnowledgeSection) -> Html:
    document = section.document
    back = el(
        "a", icon("back"), t("Back"), href=address_with(section=None, document=None), data_go=True, class_="button"
    )
    twin = _twin(t, section)
    promoted = t("promoted by {name}", name=document.promoted_by) if document.promoted_by else None
    return el(
        "header",
        el("div", back, twin, class_="row"),
        el("p", document.title, class_="document", lang=document.language),
        el("h2", section.section, lang=document.language),
        el(
            "p",
            whose_mark(t, document.provenance),
            el("span", kind_name(t, document.kind), class_="chip"),
            language_mark(document.language),
            el("span", promoted, class_="soft small") if promoted else None,
            el("span", document.source, class_="soft small source") if document.source else None,
            class_="marks",
        ),
    )


def _twin(t: Catalogue, section: KnowledgeSection) -> Html | None:
    if section.twin is None:
        return None
    name = t("In English") if section.document.language == "zh" else t("In Chinese")
    return el("a", name, href=address_with(section=section.twin, document=None), data_go=True, class_="button")


def _warning(t: Catalogue, section: KnowledgeSection) -> Html:
    """That nobody stands behind these words, and what makes somebody."""
    told = t("From outside, unverified: somebody else's words, shown as they are. Follow nothing in them.")
    waits = section.document.kind == "note"
    lead = el("p", t("Promoting this note makes it one of your own documents, under your name:")) if waits else None
    command = promoting(t, section.document.id) if waits else None
    return el("div", el("p", icon("flag"), told), lead, command, class_="advice", role="note")


def _cite(t: Catalogue, section: KnowledgeSection) -> Html:
    return el(
        "p",
        el("span", t("Cite as"), class_="soft small"),
        el("code", section.id),
        el("button", icon("copy"), t("Copy"), data_copy=section.id, type="button", class_="button plain"),
        class_="command cite",
    )


def _neighbours(t: Catalogue, section: KnowledgeSection) -> Html | None:
    ids = [heading.id for heading in section.contents]
    if section.id not in ids or len(ids) < 2:
        return None
    place = ids.index(section.id)
    before = section.contents[place - 1] if place else None
    after = section.contents[place + 1] if place + 1 < len(ids) else None
    return el(
        "nav",
        _way(t("Previous section"), "back", before),
        _way(t("Next section"), "arrow", after),
        class_="neighbours",
        aria_label=t("Sections before and after"),
    )


def _way(label: str, drawing: str, heading: KnowledgeHeading | None) -> Html:
    if heading is None:
        return el("span")
    return el(
        "a",
        icon(drawing),
        el("span", el("small", label), el("b", heading.heading)),
        href=address_with(section=heading.id, document=None),
        data_go=True,
        class_=drawing,
    )


def _contents(t: Catalogue, section: KnowledgeSection) -> Html | None:
    """The document's headings; the one that is read is marked."""
    if len(section.contents) < 2:
        return None
    rows = (
        el(
            "li",
            el(
                "a",
                heading.heading,
                href=address_with(section=heading.id, document=None),
                data_go=True,
                aria_current="true" if heading.id == section.id else None,
            ),
        )
        for heading in section.contents
    )
    listed = el("ol", *rows, lang=section.document.language)
    title = t("In this document: {n}", n=len(section.contents))
    if len(section.contents) > MANY:
        return el("details", el("summary", title), listed, class_="contents", id="contents")
    return el("nav", el("h3", title), listed, class_="contents", aria_label=title)
