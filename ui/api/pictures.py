"""The pictures of a case as image files."""

from agent.cases.report.graph import graph
from agent.cases.report.standalone import standalone
from agent.cases.report.timeline import timeline
from agent.models import Case
from agent.wording import Language
from ui.api.models import PictureName, Theme


def picture(case: Case, name: PictureName, theme: Theme, language: Language) -> bytes:
    """The picture as SVG; empty when there is nothing to draw."""
    drawn = timeline(case, language) if name == "timeline" else graph(case, language)
    return standalone(drawn, theme).encode()
