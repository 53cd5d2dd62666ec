"""One piece of evidence as a panel beside the page: what was asked, what came back, and who wrote each value.

Shared by every page that cites; the address says which one is open, so a link or another tab opens the same.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from agent.models import Evidence, EvidenceStatus, Provenance
from agent.wording.retelling import retold
from ui.api.models import EvidenceView, Leaf
from ui.cli.catalogue import Catalogue, spoken
from ui.cli.terms import term
from ui.web.frame import address_with
from ui.web.icons import icon
from ui.web.markup import Html, el, lines

SEGMENT: Final = re.compile(r"\['((?:[^'\\]|\\.)*)'\]|\.([A-Za-z_]\w*)")
"""One name of a JSONPath, in brackets or after a dot."""


def closed_address() -> str:
    """The address that is looked at now, without a panel."""
    return address_with(evidence=None, path=None)


def draw_evidence(t: Catalogue, view: EvidenceView) -> Html:
    """The panel. The values that were cited come first; everything is there raw as well."""
    evidence = view.evidence
    return el(
        "aside",
        _head(t, evidence),
        _facts(t, view),
        _leaves(t, view.leaves, view.left_out),
        _raw(t, evidence),
        class_="drawer",
        aria_label=t("Evidence {id}", id=evidence.id),
        id=f"evidence-{evidence.id}",
    )


def status_name(t: Catalogue, status: EvidenceStatus) -> str:
    """How an answer ended, in words."""
    return term(t, status)


def _head(t: Catalogue, evidence: Evidence) -> Html:
    close = t("Close")
    return el(
        "header",
        el("h2", el("span", evidence.id, class_="chip blue"), evidence.summary or evidence.tool),
        el(
            "a",
            icon("cross"),
            href=closed_address(),
            data_go=True,
            aria_label=close,
            title=close,
            class_="button plain",
            data_focus=True,
        ),
    )


def _facts(t: Catalogue, view: EvidenceView) -> Html:
    evidence = view.evidence
    source = t("simulated") if evidence.synthetic else t("real") if evidence.backend == "real" else t("embedded")
    whole = t("the data fits its hash") if view.hash_fits else t("the data does not fit its hash: it was changed")
    rows = (
        (t("Asked"), el("code", evidence.tool)),
        (t("With"), el("code", json.dumps(evidence.arguments, ensure_ascii=False)) if evidence.arguments else None),
        (t("At"), f"{evidence.asked_at:%Y-%m-%d %H:%M:%SZ}"),
        (t("Outcome"), el("span", status_name(t, evidence.status), class_=f"status {evidence.status}")),
        (t("Problem"), retold(evidence.error or "", spoken(t))),
        (t("Hint"), evidence.hint),
        (t("Sensor"), evidence.sensor),
        (t("Source"), f"{evidence.server} ({source})"),
        (t("Proof"), el("span", whole, class_="green" if view.hash_fits else "red", title=evidence.sha256)),
    )
    parts = (part for name, value in rows if value for part in (el("dt", name), el("dd", value)))
    return el("dl", *parts, class_="facts")


def _leaves(t: Catalogue, leaves: Sequence[Leaf], left_out: int) -> Html | None:
    """Every value with its class; a cited one is marked and comes first."""
    if not leaves:
        return None
    picked = not all(leaf.cited for leaf in leaves)
    ordered = sorted(leaves, key=lambda leaf: not leaf.cited)
    return el(
        "section",
        el("h3", t("Values, and who wrote them")),
        el("ul", *(_leaf(t, leaf, cited=picked and leaf.cited) for leaf in ordered)),
        el("p", t("Values that are not listed: {n}; they are in the raw answer.", n=left_out)) if left_out else None,
        class_="leaves",
    )


def _leaf(t: Catalogue, leaf: Leaf, *, cited: bool) -> Html:
    return el(
        "li",
        class_mark(t, leaf.provenance),
        el(
            "span",
            el("code", place_name(leaf.path), title=leaf.path),
            el("b", t("cited"), class_="chip blue") if cited else None,
            class_="path",
        ),
        el("span", leaf.text, class_="value"),
        class_="cited" if cited else None,
    )


def place_name(path: str) -> str:
    """A JSONPath as a person reads it: `events[0] › host.name`."""
    names = SEGMENT.sub(lambda found: f" › {found[1] or found[2]}", path.removeprefix("$"))
    return names.removeprefix(" › ") or path


def _raw(t: Catalogue, evidence: Evidence) -> Html:
    text = json.dumps(evidence.data, indent=2, ensure_ascii=False)
    return el(
        "details",
        el("summary", t("Raw answer")),
        el("pre", lines(text), tabindex=0),
        id=f"raw-{evidence.id}",
    )


def class_mark(t: Catalogue, provenance: Provenance) -> Html:
    """The class of a value; its meaning is told on pointing at it and to screen readers."""
    meaning = class_meaning(t, provenance)
    return el("span", provenance.value, class_=f"letter {provenance.value}", title=meaning)


def class_meaning(t: Catalogue, provenance: Provenance) -> str:
    """What a class says about a value."""
    meanings: Mapping[Provenance, str] = {
        Provenance.OPERATOR: t("written by the operator"),
        Provenance.SENSOR: t("attested by a sensor"),
        Provenance.UNTRUSTED: t("an attacker may have written it"),
        Provenance.MODEL: t("written by a model"),
    }
    return meanings[provenance]
