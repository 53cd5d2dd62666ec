"""Beside a case: what its alerts say, techniques, similar cases, notes, and files of it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from agent.models import Alert, Note
from ui.api.models import AlertView, CaseView, SimilarCase, TechniqueView
from ui.cli.catalogue import Catalogue
from ui.web.evidence import class_mark
from ui.web.frame import Visit
from ui.web.icons import icon
from ui.web.markup import Html, el, join
from ui.web.verdicts import disposition_mark, percent, span_text, stamp
from ui.web.verdicts import status_mark as standing

NAMED = (
    "host.name",
    "user.name",
    "source.ip",
    "destination.ip",
    "destination.domain",
    "process.command_line",
    "file.path",
    "url.full",
)
"""Fields of an alert that say what it is about, in the order they are shown."""


def draw_rail(visit: Visit, case: CaseView, similar: Sequence[SimilarCase]) -> Html:
    """The whole column."""
    parts = (
        *(_alert(visit.t, alert) for alert in case.alerts[:5]),
        _techniques(visit, case),
        _similar(visit, similar),
        _notes(visit, case.notes),
        _files(visit, case),
    )
    return el("div", *parts, class_="rail")


def _alert(t: Catalogue, view: AlertView) -> Html:
    """What the alert says it is about."""
    alert = view.alert
    first = (
        (t("Rule"), el("bdi", alert.rule.name)),
        (t("Product"), f"{alert.product} ({alert.format})"),
        (t("Raised"), el("time", stamp(alert.time))),
    )
    last = ((t("Came again"), t("{n} times", n=view.repeats)),) if view.repeats else ()
    rows = (*first, *_fields(t, alert), *last)
    parts = (part for name, value in rows for part in (el("dt", name), el("dd", value)))
    title = el("header", el("h2", t("Alert")), el("span", view.evidence or "", class_="soft"))
    return el("section", title, el("dl", *parts, class_="facts"), class_="panel")


def _fields(t: Catalogue, alert: Alert) -> list[tuple[str, Html]]:
    names = {
        "host.name": t("Host"),
        "user.name": t("Account"),
        "source.ip": t("Source"),
        "destination.ip": t("Destination"),
        "destination.domain": t("Domain"),
        "process.command_line": t("Command line"),
        "file.path": t("File"),
        "url.full": t("URL"),
    }
    found = ((name, alert.field(name), alert.text(name)) for name in NAMED)
    return [
        (names[name], join((class_mark(t, field.provenance), el("bdi", text, class_="mono")), " "))
        for name, field, text in found
        if field is not None and text
    ]


def _techniques(visit: Visit, case: CaseView) -> Html | None:
    if not case.techniques:
        return None
    t = visit.t
    chips = (_technique(visit, item) for item in case.techniques)
    layer = el("a", icon("download"), t("Navigator layer"), href=_file(visit, case, "navigator"), download=True)
    head = el("header", el("h2", "ATT&CK"), layer)
    return el("section", head, el("ul", *chips, class_="techniques"), class_="panel")


def _technique(visit: Visit, item: TechniqueView) -> Html:
    address = visit.address("knowledge", q=item.id)
    return el("li", el("a", el("code", item.id), el("span", item.name), href=address, data_go=True))


def _similar(visit: Visit, cases: Sequence[SimilarCase]) -> Html:
    t = visit.t
    rows = (_similar_case(visit, item) for item in cases[:5])
    none = el("p", t("No other case shares an entity, a technique or a rule with it."), class_="soft small")
    note = el("span", t("context, never evidence"), class_="soft")
    body = el("ul", *rows, class_="similar") if cases else none
    return el("section", el("header", el("h2", t("Similar cases")), note), body, class_="panel")


def _similar_case(visit: Visit, item: SimilarCase) -> Html:
    t = visit.t
    kinds = {
        "entity": t("entity"),
        "technique": t("technique"),
        "rule": t("rule"),
        "sequence": t("sequence"),
        "class": t("class"),
    }
    reasons = (
        el("span", el("small", kinds.get(why.kind, why.kind)), why.value, class_="chip line") for why in item.why[:6]
    )
    link = el("a", el("b", item.id), " ", el("bdi", item.title), href=visit.address("case", case=item.id), data_go=True)
    ended = item.human_disposition or item.disposition
    marks = el("span", disposition_mark(t, ended), standing(t, item.status), class_="row small")
    return el(
        "li", link, el("span", percent(item.score), class_="number soft"), marks, el("span", *reasons, class_="why")
    )


def _notes(visit: Visit, notes: Sequence[Note]) -> Html:
    t = visit.t
    now = visit.view.now
    rows = (
        el(
            "li",
            el(
                "p", el("b", el("bdi", note.author)), " ", el("time", t("{span} ago", span=span_text(t, now - note.at)))
            ),
            el("p", *(join((el("bdi", line), el("br"))) for line in note.text.splitlines())),
        )
        for note in notes
    )
    form = el(
        "form",
        el(
            "textarea",
            name="text",
            rows=2,
            required=True,
            maxlength=10_000,
            aria_label=t("Note"),
            placeholder=t("Add a note"),
        ),
        el("button", icon("note"), t("Note it"), type="submit", class_="button"),
        data_do="note",
        id=f"note-{len(notes)}",
        class_="noting",
    )
    body = el("ol", *rows, class_="notes") if notes else None
    writing = form if visit.may("case.note") else None
    return el("section", el("header", el("h2", t("Notes"))), body, writing, class_="panel")


def _files(visit: Visit, case: CaseView) -> Html:
    t = visit.t
    names = {"html": t("Page"), "markdown": "Markdown", "json": t("Signed JSON")}
    links = (
        el("a", icon("download"), name, href=_file(visit, case, kind), download=True, class_="button")
        for kind, name in names.items()
    )
    return el("section", el("header", el("h2", t("Report"))), el("div", *links, class_="row"), class_="panel")


def _file(visit: Visit, case: CaseView, kind: str) -> str:
    """Where the page hands out a file of a case."""
    return f"/files/{kind}?{urlencode({'world': visit.world, 'case': case.id, 'lang': visit.language})}"
