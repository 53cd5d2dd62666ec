"""Building blocks of the pictures: SVG text that cannot be anything but text."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

from agent.evidence.text import inert

Number = float | int
Point = tuple[float, float]


def text(x: Number, y: Number, content: str, css: str = "", anchor: str = "start") -> Markup:
    """A line of text at a point."""
    form = Markup('<text x="{:.1f}" y="{:.1f}" class="{}" text-anchor="{}">{}</text>')
    return form.format(x, y, css, anchor, inert(content))


def line(x1: Number, y1: Number, x2: Number, y2: Number, css: str) -> Markup:
    """A straight line."""
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, css)


def thread(points: Sequence[Point], css: str, width: Number, title: str) -> Markup:
    """A thread through points two by two: a curve to the first of a pair, a straight line to the second."""
    steps = [Markup("M{:.1f},{:.1f}").format(*points[0])]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        bend = (x2 - x1) / 2
        bent = Markup("C{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}").format(x1 + bend, y1, x2 - bend, y2, x2, y2)
        steps.append(bent if index % 2 == 0 else Markup("L{:.1f},{:.1f}").format(x2, y2))
    form = Markup('<path d="{}" class="{}" stroke-width="{:.1f}"><title>{}</title></path>')
    return form.format(Markup(" ").join(steps), css, width, inert(title))


def box(x: Number, y: Number, width: Number, height: Number, css: str, radius: Number = 0) -> Markup:
    """A rectangle."""
    form = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{}" class="{}"/>')
    return form.format(x, y, width, height, radius, css)


def dot(x: Number, y: Number, radius: Number, css: str, title: str) -> Markup:
    """A circle; `title` is what a pointer over it shows."""
    form = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" class="{}"><title>{}</title></circle>')
    return form.format(x, y, radius, css, inert(title))


def group(parts: Iterable[Markup], title: str) -> Markup:
    """Parts that belong together, with what a pointer over them shows."""
    return Markup("<g><title>{}</title>{}</g>").format(inert(title), Markup("").join(parts))


def picture(width: Number, height: Number, label: str, parts: Iterable[Markup]) -> Markup:
    """The whole picture, scaling with the page."""
    form = Markup('<svg viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" role="img" aria-label="{}">{}</svg>')
    return form.format(width, height, width, height, inert(label), Markup("").join(parts))


def fitted(content: str, columns: int) -> str:
    """Text that is at most that many columns wide, a wide character taking two; the middle goes first."""
    content = inert(content, clip=None)
    if width_of(content) <= columns:
        return content
    head, tail = "", ""
    for char in content:
        if width_of(head + char) > columns * 2 // 3:
            break
        head += char
    for char in reversed(content):
        if width_of(head + tail + char) + 1 > columns:
            break
        tail = char + tail
    return f"{head}…{tail}"


def width_of(content: str) -> int:
    """Columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in content)
