"""The case as one self-contained HTML page: no script, no link, no font or picture from elsewhere."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from agent.cases.report.deciding import how_decided, summary
from agent.cases.report.graph import graph
from agent.cases.report.matrix import matrix
from agent.cases.report.timeline import moments, timeline
from agent.cases.report.view import look_again
from agent.cases.report.words import Language, percent, word
from agent.cases.telling import told
from agent.evidence.text import inert
from agent.models import Case
from agent.wording.retelling import retold

_FOLDER: Final = Path(__file__).parent / "templates"


def render_html(case: Case, language: Language = "en") -> str:
    """The page. Every claim is re-run and every hash recomputed for it; what no longer holds is marked."""
    checked, kept, case = look_again(case, language), case.report, told(case, language)
    report = case.report

    def say(name: str, **values: str | int) -> str:
        return word(name, language, **values)

    return _template().render(
        case=case,
        report=report,
        verdict=report.verdict if report else None,
        matrix=matrix(report) if report else None,
        checked=checked,
        timeline=timeline(case, language),
        graph=graph(case, language),
        moments=moments(case),
        decided=summary(kept, language) if kept else (),
        decisions=how_decided(kept, language) if kept else (),
        language=language,
        retold=lambda text: retold(text, language),
        w=say,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_made_inert,
    )
    environment.filters["at"] = _moment
    environment.filters["bar"] = _bar
    environment.filters["lines"] = _lines
    environment.filters["percent"] = percent
    return environment.get_template("case.html.j2")


def _made_inert(value: object) -> object:
    """Whatever a template prints: our own markup as it is, every other text inert before it is escaped."""
    return inert(value, clip=None) if isinstance(value, str) and not isinstance(value, Markup) else value


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _bar(weight: float, largest: float) -> str:
    """Width of a bar in percent of its half, which ends at two or at the largest weight."""
    end = max(2.0, abs(largest))
    return f"{min(abs(weight), end) / end * 100:.0f}"


def _lines(value: str) -> Markup:
    """Text of several lines, each of them inert; the line ends stay."""
    return Markup("\n").join(inert(line, clip=None) for line in value.split("\n"))
