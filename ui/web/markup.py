"""HTML out of texts nobody trusts: the only place of the page that makes markup.

    el("a", "Case ", el("b", case.title), href="/case?case=C-1", class_="title")

A `str` is data: invisible characters become visible escapes and markup is escaped. Only what `el` built is markup.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from markupsafe import Markup, escape

from agent.evidence.text import inert as visible

Html: TypeAlias = Markup
Child: TypeAlias = Markup | str | None
Attribute: TypeAlias = str | int | bool | None

NOTHING: Final = Markup("")
VOID: Final = frozenset({"br", "circle", "hr", "img", "input", "path", "rect"})
TEXT: Final = frozenset({"b", "bdi", "code", "del", "em", "i", "kbd", "mark", "s", "small", "span", "strong", "time"})
PART: Final = frozenset(
    {"article", "aside", "blockquote", "div", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4"}
)
BLOCK: Final = frozenset({"header", "li", "nav", "ol", "p", "pre", "section", "ul", "dl", "dt", "dd", "svg"})
TABLE: Final = frozenset({"caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
FORM: Final = frozenset({"button", "fieldset", "form", "label", "legend", "optgroup", "option", "select", "textarea"})
DRAWN: Final = VOID | TEXT | PART | BLOCK | TABLE | FORM | {"a", "details", "summary"}
"""Elements a page may be made of: nothing that runs, and nothing that loads but pictures drawn by us."""
PICTURE: Final = "data:image/svg+xml;base64,"


def el(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """One element. `class_` is class, `data_go` is data-go; an attribute of None or False is left out, True stands
    alone. `width_pct` sets the width in percent of what it stands in.

    Raises: ValueError for an element, attribute or place that could run or load something."""
    if tag not in DRAWN:
        raise ValueError(f"a page is not made of <{tag}>")
    opening = Markup("<{}{}>").format(tag, NOTHING.join(_attribute(name, value) for name, value in attributes.items()))
    return opening if tag in VOID else opening + join(children) + Markup("</{}>").format(tag)


def join(children: Iterable[Child], between: Child = None) -> Html:
    """One after the other; what is None is left out."""
    return _piece(between).join(_piece(child) for child in children if child is not None)


def lines(text: str) -> Html:
    """A text of several lines, for `pre`: line ends stay line ends."""
    return Markup("\n").join(_piece(line) for line in text.split("\n"))


def _piece(child: Child) -> Html:
    return child if isinstance(child, Markup) else escape(visible(child or "", None))


def _attribute(name: str, value: Attribute) -> Html:
    if value is None or value is False:
        return NOTHING
    plain = name.rstrip("_").replace("_", "-")
    if plain == "width-pct":
        return Markup(' style="width:{}%"').format(max(0, min(100, int(value))))
    if plain.startswith("on") or plain == "style":
        raise ValueError(f"no attribute {plain} on a page")
    if plain in ("href", "src", "action", "formaction") and not _ours(str(value)):
        raise ValueError(f"{plain} leads away from the page")
    return Markup(" {}").format(plain) if value is True else Markup(' {}="{}"').format(plain, visible(str(value), None))


def _ours(place: str) -> bool:
    """Whether a place is one of our own: a path of this page, a part of it, or a picture carried inline."""
    return place.startswith(("#", "?", PICTURE)) or (place.startswith("/") and place[1:2] not in ("/", "\\"))
