"""What was found: each claim, run again for this page, with the answers it can be checked in."""

from collections.abc import Iterable

from agent.models import Provenance
from ui.api.models import CaseView, ClaimView, RefView
from ui.cli.catalogue import Catalogue
from ui.web.evidence import class_mark, class_meaning
from ui.web.frame import address_with
from ui.web.icons import icon
from ui.web.markup import Html, el


def draw_claims(t: Catalogue, case: CaseView, opened: str) -> Html | None:
    """Every claim; struck ones stay, and are shown as struck. `opened` is the evidence that lies beside the page."""
    if not case.claims:
        return None
    rows = (_claim(t, claim, opened) for claim in case.claims)
    note = el("span", t("each runs again on the evidence it names"), class_="soft")
    return el(
        "section",
        el("header", el("h2", t("Claims")), note),
        el("ol", *rows, class_="claims"),
        legend(t),
        class_="panel",
        id="claims",
    )


def _claim(t: Catalogue, claim: ClaimView, opened: str) -> Html:
    holds = claim.status == "verified"
    mark = el("span", icon("check" if holds else "cross"), el("span", _state(t, claim), class_="unseen"), class_="mark")
    text = el("bdi", claim.text) if holds else el("del", el("bdi", claim.text))
    why = el("p", el("b", _state(t, claim)), ": ", claim.struck_because or "", class_="why") if not holds else None
    decides = el("span", t("decides"), class_="chip violet") if claim.decisive_for else None
    cites = el("span", class_mark(t, claim.provenance), *_cites(t, claim.refs, opened), class_="cites")
    said = el("div", text, decides, why, class_="text")
    return el("li", mark, said, cites, class_=f"claim {claim.status}", id=f"claim-{claim.id}")


def _state(t: Catalogue, claim: ClaimView) -> str:
    names = {"verified": t("holds"), "struck": t("struck"), "no_longer": t("holds no longer")}
    return names[claim.status]


def _cites(t: Catalogue, refs: Iterable[RefView], opened: str) -> Iterable[Html]:
    """One link per answer; it opens at the value the claim is made on."""
    first = {ref.evidence: ref for ref in reversed(tuple(refs))}
    return (cite(t, ref, opened) for ref in reversed(first.values()))


def cite(t: Catalogue, ref: RefView, opened: str) -> Html:
    """A link that opens one answer beside the page."""
    return el(
        "a",
        ref.evidence,
        href=address_with(evidence=ref.evidence, path=ref.path),
        data_go=True,
        title=t("{tool}: {path}", tool=ref.tool, path=ref.path),
        aria_label=t("Open evidence {evidence}", evidence=ref.evidence),
        aria_current="true" if ref.evidence == opened else None,
        class_="cite",
    )


def legend(t: Catalogue) -> Html:
    """What the letters mean."""
    parts = (el("li", class_mark(t, item), class_meaning(t, item)) for item in Provenance)
    return el("ul", *parts, class_="legend", aria_label=t("Who wrote a value"))
