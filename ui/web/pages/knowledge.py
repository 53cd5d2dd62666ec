"""What the SOC has written down: search that opens at the section, and the list of documents."""

from ui.api.models import KnowledgeDocument, KnowledgeHit, KnowledgeSection
from ui.cli.catalogue import Catalogue
from ui.web.board import board
from ui.web.frame import Visit, address_with
from ui.web.icons import icon
from ui.web.markup import Html, el, lines
from ui.web.notices import empty


def draw(visit: Visit) -> None:
    """Draw the page for a visit."""
    query, section = visit.asked("q"), visit.asked("section")
    parts = [_search(visit.t, query)]
    if section:
        parts.append(draw_section(visit.t, visit.api.section(visit.world, section)))
    elif query:
        parts.append(draw_hits(visit.t, query, visit.api.search_knowledge(visit.world, query).hits))
    else:
        parts.append(draw_documents(visit.t, visit.api.documents(visit.world).documents))
    board(el("div", el("h1", visit.t("Knowledge")), *parts, class_="knowledge"), "knowledge")


def draw_hits(t: Catalogue, query: str, hits: tuple[KnowledgeHit, ...]) -> Html:
    """Sections that fit, best first; each opens at the section."""
    if not hits:
        lead = t("Nothing is written about that here. Try an ATT&CK id or fewer words.")
        return empty("search", t("Nothing fits"), lead)
    return el("ol", *(_hit(t, hit) for hit in hits), class_="hits", aria_label=t("Results"))


def draw_documents(t: Catalogue, documents: tuple[KnowledgeDocument, ...]) -> Html:
    """Every document; each opens its sections."""
    if not documents:
        lead = t("Runbooks and procedures are found here. The ones that come along are put in on the first start.")
        return empty("knowledge", t("No document yet"), lead)
    rows = (
        el(
            "li",
            el("a", document.title, href=address_with(q=document.title, section=None), data_go=True),
            el("span", t("sections: {n}", n=document.sections)),
        )
        for document in documents
    )
    return el("section", el("h2", t("Documents")), el("ul", *rows, class_="documents"))


def draw_section(t: Catalogue, section: KnowledgeSection) -> Html:
    """One section whole: as it was written, nothing in it is a link or a picture."""
    return el(
        "article",
        el("a", icon("back"), t("Back"), href=address_with(section=None), data_go=True, class_="button"),
        el("p", section.title, class_="document"),
        el("h2", section.section),
        el("div", *(_block(block) for block in section.text.strip().split("\n\n")), class_="prose"),
        class_="section",
    )


def _search(t: Catalogue, query: str) -> Html:
    label = t("Search runbooks and procedures")
    return el(
        "form",
        el("input", name="q", value=query, type="search", aria_label=label, placeholder=label, id="q"),
        el("input", name="section", value="", type="hidden"),
        el("button", icon("search"), t("Search"), class_="button primary"),
        class_="find",
        role="search",
    )


def _hit(t: Catalogue, hit: KnowledgeHit) -> Html:
    return el(
        "li",
        el("a", el("b", hit.title), el("span", hit.section), href=address_with(section=hit.id), data_go=True),
        el("p", " ".join(hit.text.split())),
    )


def _block(block: str) -> Html:
    """A paragraph, a list or lines of commands: whatever it is, as text."""
    rows = block.split("\n")
    if all(row.lstrip().startswith(("- ", "* ")) for row in rows):
        return el("ul", *(el("li", row.lstrip()[2:]) for row in rows))
    if block.startswith("```"):
        return el("pre", lines(block.strip("`\n")))
    return el("p", lines(block))
