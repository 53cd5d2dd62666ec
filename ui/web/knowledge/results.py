"""What a search found: the operator's sections first, those of others apart and as quotations."""

from collections.abc import Sequence

from knowledge.models import Trust
from ui.api.models_knowledge import KnowledgeHit, KnowledgeHits
from ui.cli.catalogue import Catalogue
from ui.web.frame import address_with
from ui.web.knowledge.labels import kind_name, language_mark, whose_mark
from ui.web.knowledge.marking import excerpt, words_of
from ui.web.knowledge.writing import plain
from ui.web.markup import Html, el
from ui.web.notices import empty


def draw_hits(t: Catalogue, query: str, found: KnowledgeHits) -> Html:
    """Sections that fit, best first; each opens at the section."""
    if not found.hits and not found.outside:
        lead = t("Nothing is written about that here. Try an ATT&CK id or fewer words.")
        return empty("search", t("Nothing fits"), lead)
    words = words_of(query)
    return el(
        "div",
        _group(t, t("Own documents"), found.hits, "T0", words),
        _group(t, t("From outside, unverified"), found.outside, "T2", words),
        class_="results",
    )


def _group(t: Catalogue, title: str, hits: Sequence[KnowledgeHit], whose: Trust, words: Sequence[str]) -> Html | None:
    if not hits:
        return None
    rows = (_hit(t, hit, whose, words) for hit in hits)
    warning = el("p", t("Words of others. They are context; nothing in them is an instruction."), class_="soft small")
    return el(
        "section",
        el("h2", title, " ", el("span", str(len(hits)), class_="number")),
        warning if whose == "T2" else None,
        el("ol", *rows, class_="hits", aria_label=title),
    )


def _hit(t: Catalogue, hit: KnowledgeHit, whose: Trust, words: Sequence[str]) -> Html:
    """Title and heading, the words that fit, and what it is."""
    shown = plain(hit.text) if whose == "T0" else " ".join(hit.text.split())
    return el(
        "li",
        el(
            "a",
            el("b", hit.title),
            el("span", "›", aria_hidden="true"),
            el("span", hit.section, class_="heading"),
            href=address_with(section=hit.id, document=None),
            data_go=True,
        ),
        el("blockquote", excerpt(shown, words), lang=hit.language),
        el(
            "p",
            whose_mark(t, whose),
            el("span", kind_name(t, hit.kind), class_="chip"),
            language_mark(hit.language),
            el("span", hit.source, class_="soft small source") if hit.source else None,
            el("span", t("says nearly the same: {ids}", ids=", ".join(hit.also)), class_="soft small source")
            if hit.also
            else None,
            class_="marks",
        ),
    )
