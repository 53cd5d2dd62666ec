"""The page queue."""

from ui.web.frame import Visit
from ui.web.inert import show
from ui.web.markup import el


def draw(visit: Visit) -> None:
    """Draw the page for a visit."""
    show(el("h1", visit.t("Queue")))
