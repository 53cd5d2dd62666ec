"""Small drawings in the colour of the text around them. Each stands beside a word, so none has to be read."""

from collections.abc import Mapping
from typing import Final

from ui.web.markup import Html, el

PATHS: Final[Mapping[str, str]] = {
    "queue": "M3 4.5h14M3 10h14M3 15.5h9",
    "case": "M3 6.5h14v10H3zM7.5 6.5V4h5v2.5",
    "chat": "M3 4h14v9.5H9L5 17v-3.5H3z",
    "servers": "M3 3.5h14v5H3zM3 11.5h14v5H3zM6 6h.01M6 14h.01",
    "knowledge": "M4 3.5h9a3 3 0 0 1 3 3v10H7a3 3 0 0 1-3-3zM8 7.5h4M8 10.5h4",
    "shield": "M10 2.5l6.5 2.4v4.6c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8V4.9z",
    "search": "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13.2 13.2L17 17",
    "leave": "M8 3.5H3.5v13H8M7.5 10H17M13.5 6.5L17 10l-3.5 3.5",
    "sun": (
        "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 1.5v2M10 16.5v2M1.5 10"
        "h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M16 4l-1.4 1.4M5.4 14.6L4 16"
    ),
    "moon": "M16 11.5A6.5 6.5 0 0 1 8.5 4a6.5 6.5 0 1 0 7.5 7.5z",
    "auto": "M3 4h14v9.5H3zM7 17h6M10 13.5V17",
    "check": "M4 10.5l4 4 8-9",
    "cross": "M5 5l10 10M15 5L5 15",
    "person": "M10 3.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 17c.5-3.5 3-5 6-5s5.5 1.5 6 5",
    "clock": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l3 2",
    "alarm": "M10 3l7.5 13.5h-15zM10 8v4M10 14.3v.01",
    "download": "M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13",
    "copy": "M7 7h9.5v9.5H7zM4 13H3.5V3.5H13V4",
    "eye": "M2 10c2-3.7 4.7-5.5 8-5.5s6 1.8 8 5.5c-2 3.7-4.7 5.5-8 5.5S4 13.7 2 10zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "blind": "M2 10c2-3.7 4.7-5.5 8-5.5s6 1.8 8 5.5c-2 3.7-4.7 5.5-8 5.5S4 13.7 2 10zM3.5 17L16.5 3",
    "arrow": "M4 10h12M11 5l5 5-5 5",
    "back": "M16 10H4M9 5l-5 5 5 5",
    "flag": "M5 17.5V3.5h10l-2 3.5 2 3.5H5",
    "note": "M4 3.5h12v9l-4 4H4zM12 16.5v-4h4",
    "reopen": "M4 4v4.5h4.5M4.5 8.5A6.5 6.5 0 1 1 3.5 11.5",
    "link": "M8.5 11.5l3-3M7 9L4.8 11.2a2.8 2.8 0 0 0 4 4L11 13M13 11l2.2-2.2a2.8 2.8 0 0 0-4-4L9 7",
}
"""Name to the strokes, on a field of 20 by 20."""


def icon(name: str) -> Html:
    """One drawing; hidden from screen readers, which get the word beside it."""
    return el("svg", el("path", d=PATHS[name]), viewBox="0 0 20 20", class_=f"icon icon-{name}", aria_hidden="true")
