"""When it happened and who took part: pictures drawn by the service, with the same in words below them."""

from collections.abc import Mapping
from urllib.parse import urlencode

from ui.api.models import CaseView, EntityNode, PictureName, TimelineEvent
from ui.cli.catalogue import Catalogue
from ui.web.evidence import class_mark
from ui.web.frame import Visit, address_with
from ui.web.markup import Html, el


def picture_place(visit: Visit, case_id: str, name: PictureName) -> str:
    """Where the page serves a picture of a case; the browser adds the colours it shows."""
    asked = {"world": visit.world, "case": case_id, "lang": visit.language}
    return f"/pictures/{name}?{urlencode(asked)}"


def draw_timeline(visit: Visit, case: CaseView) -> Html | None:
    """Events near the alerts, and the moments that claims speak of."""
    t = visit.t
    if not case.timeline:
        return None
    picture = _picture(visit, case, "timeline", t("Events of the case by sensor, over time"))
    moments = (
        el("li", el("b", str(item.number)), el("time", item.time.strftime("%H:%M:%S")), el("bdi", item.text))
        for item in case.moments
    )
    listed = el("ol", *moments, class_="moments") if case.moments else None
    note = el("span", "UTC", class_="soft")
    head = el("header", el("h2", t("Timeline")), note)
    return el("section", head, picture, _tones(t), listed, _events(visit, case), class_="panel", id="timeline")


def _tones(t: Catalogue) -> Html:
    """What the marks on the timeline mean."""
    tones = (("alert", t("alert")), ("bad", t("failure")), ("good", t("success")), ("plain", t("no outcome told")))
    return el("ul", *(el("li", el("i", class_=tone), name) for tone, name in tones), class_="tones")


def _events(visit: Visit, case: CaseView) -> Html:
    t = visit.t
    more = (
        el("p", t("Events further away: {n}", n=case.timeline_left_out), class_="soft")
        if case.timeline_left_out
        else None
    )
    title = t("Events as a list: {n}", n=len(case.timeline))
    rows = el("ol", *(_event(t, event) for event in case.timeline), class_="events")
    return el("details", el("summary", title), rows, more, id="timeline-events")


def _event(t: Catalogue, event: TimelineEvent) -> Html:
    link = el("a", event.evidence, href=address_with(evidence=event.evidence, path=None), data_go=True, class_="cite")
    moment = el("time", event.time.strftime("%Y-%m-%d %H:%M:%S"))
    return el(
        "li",
        moment,
        el("span", event.sensor, class_="soft"),
        el("bdi", event.text, class_="mono"),
        el("span", class_mark(t, event.provenance), link, class_="cites"),
        class_=event.tone,
    )


def draw_entities(visit: Visit, case: CaseView) -> Html | None:
    """Who touched what."""
    t = visit.t
    if not case.entities.nodes:
        return None
    picture = _picture(
        visit, case, "entities", t("Addresses, accounts, hosts and processes, and how they are connected")
    )
    rows = el("ul", *(_entity(t, node) for node in case.entities.nodes), class_="entities")
    listed = el("details", el("summary", t("As a list: {n}", n=len(case.entities.nodes))), rows, id="entity-list")
    return el(
        "section", el("header", el("h2", t("Who and what took part"))), picture, listed, class_="panel", id="entities"
    )


def _entity(t: Catalogue, node: EntityNode) -> Html:
    columns: Mapping[str, str] = {
        "source": t("source"),
        "account": t("account"),
        "host": t("host"),
        "process": t("process"),
        "target": t("target"),
    }
    kind = el("span", columns[node.column], class_="soft")
    return el("li", kind, el("bdi", node.label, class_="mono"), class_mark(t, node.provenance))


def _picture(visit: Visit, case: CaseView, name: PictureName, words: str) -> Html:
    image = el("img", data_picture=picture_place(visit, case.id, name), alt=words)
    return el("div", image, class_="wide picture", tabindex=0, role="region", aria_label=words)
