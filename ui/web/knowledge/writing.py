"""Markdown of the operator's documents as markup of the page, and the words of anybody else as a quotation.

A document of the operator has headings, lists, tables and code; links, pictures and HTML in it stay text. Of an outside
document nothing is read as markup at all.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from ui.web.markup import Html, el, join, lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

_OFF: Final = ("link", "image", "autolink", "html_inline", "html_block", "reference", "entity")
"""Rules of CommonMark that would lead somewhere, load something or hide what a character is."""
_SAME: Final = frozenset({"em", "strong", "blockquote", "table", "thead", "tbody", "tr", "th", "td"})
"""Nodes that are drawn as the element of their name."""
_LISTS: Final[Mapping[str, str]] = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li"}
_DEEPEST: Final = 15
"""Nesting beyond which a text is shown as it stands; the parser leaves out what stands in more than twenty levels."""
_WIDE: Final = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_MARKS: Final = re.compile(r"^\s*(?:#{1,6}\s+|[-*+]\s+|>\s+|\d+\.\s+)|[*`]+|\b_+|_+\b", re.MULTILINE)
_RULE: Final = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?\s*$", re.MULTILINE)


def written(markdown: str) -> Html:
    """A text of the operator with its structure."""
    from markdown_it.tree import SyntaxTreeNode

    tokens = _parser().parse(markdown)
    inner = (child for token in tokens for child in token.children or ())
    if any(token.level > _DEEPEST for token in (*tokens, *inner)):
        return quoted(markdown)
    tree = SyntaxTreeNode(tokens)
    return el("div", *(_node(node) for node in tree.children), class_="prose")


def quoted(text: str) -> Html:
    """A text of somebody else, character for character."""
    return el("blockquote", lines(text.strip()), class_="prose outside")


def plain(markdown: str) -> str:
    """The words of a text in one line, without the signs of its structure."""
    return " ".join(_MARKS.sub("", _RULE.sub("", markdown)).replace("|", " ").split())


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(list(_OFF))


def _node(node: "SyntaxTreeNode") -> Html:
    if drawn := _DRAWN.get(node.type):
        return drawn(node)
    if node.type in _SAME:
        return el(node.type, *_children(node))
    if node.type in _LISTS:
        start = node.attrs.get("start")
        return el(_LISTS[node.type], *_children(node), start=str(start) if start else None)
    return join(_children(node)) if node.children else join([node.content])


def _children(node: "SyntaxTreeNode") -> list[Html]:
    return [_node(child) for child in node.children]


def _paragraph(node: "SyntaxTreeNode") -> Html:
    return join(_children(node)) if node.hidden else el("p", *_children(node))


def _inline(node: "SyntaxTreeNode") -> Html:
    """Line ends become spaces, but not between Chinese characters."""
    parts: list[Html] = []
    for place, child in enumerate(node.children):
        if child.type != "softbreak":
            parts.append(_node(child))
        elif not (_ends_wide(node.children[place - 1]) and _begins_wide(node.children[place + 1])):
            parts.append(join([" "]))
    return join(parts)


def _ends_wide(node: "SyntaxTreeNode") -> bool:
    return _WIDE.match(node.content[-1:]) is not None


def _begins_wide(node: "SyntaxTreeNode") -> bool:
    return _WIDE.match(node.content[:1]) is not None


def _heading(node: "SyntaxTreeNode") -> Html:
    return el("h3" if node.tag in ("h1", "h2", "h3") else "h4", *_children(node))


def _code(node: "SyntaxTreeNode") -> Html:
    return el("pre", lines(node.content.rstrip("\n")), tabindex=0)


def _table(node: "SyntaxTreeNode") -> Html:
    """A table scrolls by itself where the page is narrow."""
    return el("div", el("table", *_children(node)), class_="wide", tabindex=0)


_DRAWN: Final[Mapping[str, Callable[["SyntaxTreeNode"], Html]]] = {
    "paragraph": _paragraph,
    "inline": _inline,
    "heading": _heading,
    "fence": _code,
    "code_block": _code,
    "code_inline": lambda node: el("code", node.content),
    "table": _table,
    "hr": lambda node: el("hr"),
    "hardbreak": lambda node: el("br"),
    "softbreak": lambda node: join([" "]),
}
