"""How a case was decided: one quiet line under the verdict, and every decision in words, folded."""

from collections.abc import Iterator

from ui.api.models import CaseView, DecisionView
from ui.cli.catalogue import Catalogue
from ui.web.icons import icon
from ui.web.markup import Html, el


def draw_decided_line(t: Catalogue, case: CaseView) -> Html | None:
    """Who decided, what it cost, and marks for what a person should look at."""
    if case.decided_by is None:
        return None
    cost = el("span", case.cost) if case.usage.calls else None
    parts = (el("span", t("Judged by {who}", who=case.decided_by)), cost, *_marks(t, case))
    return el("p", *parts, class_="decided")


def _marks(t: Catalogue, case: CaseView) -> Iterator[Html]:
    if any(item.fell_back for item in case.decisions):
        yield el("span", icon("arrow"), t("the embedded brain stood in"), class_="mark amber")
    if case.disagreements:
        yield el("span", icon("flag"), t("model and evidence differ"), class_="mark amber")
    if case.cut:
        yield el("span", icon("cross"), t("something was left out"), class_="mark amber")
    if case.stability is not None and not case.stability.stable:
        yield el("span", icon("alarm"), t("not stable"), class_="mark amber")


def draw_decided(t: Catalogue, case: CaseView) -> Html | None:
    """Everything that was decided, in order, with what was struck of it; folded."""
    if not case.decisions and case.stability_told is None:
        return None
    said = (
        *(el("p", icon("flag"), el("bdi", item.text), class_="differs") for item in case.disagreements),
        *(_line(icon("cross"), t("Left out:"), text, "") for text in case.cut),
        _stability(t, case),
        el("ol", *(_decision(t, item) for item in case.decisions), class_="decisions"),
    )
    title = t("How it was decided: {n} decisions", n=len(case.decisions))
    return el("details", el("summary", title), *said, id="decided")


def _stability(t: Catalogue, case: CaseView) -> Html | None:
    if case.stability is None or case.stability_told is None:
        return None
    drawing, tone = ("check", "good") if case.stability.stable else ("alarm", "torn")
    return _line(icon(drawing), t("Stability:"), case.stability_told, tone)


def _line(drawing: Html, name: str, text: str, tone: str) -> Html:
    return el("p", drawing, el("span", name, " ", el("bdi", text)), class_=f"differs {tone}")


def _decision(t: Catalogue, item: DecisionView) -> Html:
    asked = el("span", item.prompt, class_="soft") if item.prompt else None
    lines = (el("li", el("bdi", line)) for line in item.lines)
    notes = (el("li", icon("cross"), el("bdi", note)) for note in item.notes)
    noted = el("ul", *notes, class_="noted", aria_label=t("struck, mended or refused")) if item.notes else None
    head = el("p", el("b", item.title), el("code", item.by, class_="soft"), asked)
    return el("li", head, el("ul", *lines), noted)
