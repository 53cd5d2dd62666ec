"""Sections of a document, cut at its headings; long ones at the borders of paragraphs."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from knowledge.chunking.outline import Block, Outline, Part, outline
from knowledge.chunking.slugs import Slugs
from knowledge.errors import DocumentError
from knowledge.models import Section

LONGEST: Final = 1_800
"""Characters from which a section is cut; a table or a code block that is longer stays whole."""
_MOST: Final = 5_000
"""Sections of one document; more than that are no text a person wrote."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")


def cut(document_id: str, title: str, markdown: str) -> tuple[Section, ...]:
    """The sections of a text, in order; its first heading of the first level is taken for the title and no section.

    Raises: DocumentError when there is nothing in it, or far too much."""
    return sections_of(document_id, title, untitled(outline(markdown)))


def title_of(found: Outline) -> str:
    """What the text calls itself: its first heading, when that one is of the first level; else nothing."""
    first = found.parts[1] if len(found.parts) > 1 else None
    return first.heading if first and first.level == 1 else ""


def untitled(found: Outline) -> Outline:
    """Without the heading that is its title; what stands under that one stands before the first heading."""
    if not title_of(found):
        return found
    before, named, *rest = found.parts
    return Outline(found.lines, (Part(0, "", before.blocks + named.blocks), *rest))


def sections_of(document_id: str, title: str, found: Outline) -> tuple[Section, ...]:
    """See `cut`, for a text that is read already."""
    made: list[Section] = []
    slugs = Slugs()
    for heading, own, part in _placed(title, found):
        anchor = slugs.free(own)
        for count, text in enumerate(_texts(found, part), 1):
            number = f"~{count}" if count > 1 else ""
            made.append(Section(f"{document_id}#{anchor}{number}", document_id, title, heading, text))
        if len(made) > _MOST:
            raise DocumentError(f"{document_id}: it has more than {_MOST} sections; split it into several documents")
    if not made:
        raise DocumentError(f"{document_id}: there is no text in it")
    return tuple(made)


def _placed(title: str, found: Outline) -> Iterator[tuple[str, str, Part]]:
    """Every part that is a section, with its heading below those above it, and its own heading."""
    above: list[Part] = []
    for part, following in pairwise([*found.parts, None]):
        if part is None:
            return
        if part.level == 0:
            if part.blocks:
                yield title, title, part
            continue
        above = [*(one for one in above if one.level < part.level), part]
        if part.blocks or following is None or following.level <= part.level:
            yield " > ".join(one.heading for one in above), part.heading, part


def _texts(found: Outline, part: Part) -> Iterator[str]:
    """The text under a heading in pieces of at most `LONGEST` characters, where it may be cut; one when it is empty."""
    gathered = ""
    for glue, piece in _pieces(found, part.blocks):
        if gathered and len(gathered) + len(glue) + len(piece) > LONGEST:
            yield gathered.rstrip()
            gathered = piece
        else:
            gathered = f"{gathered}{glue}{piece}" if gathered else piece
    if gathered or not part.blocks:
        yield gathered.rstrip()


def _pieces(found: Outline, blocks: Iterable[Block]) -> Iterator[tuple[str, str]]:
    """What is never cut any further, each with what stands between it and the one before."""
    last = 0
    for block in blocks:
        for start, end in _ranges(found, block):
            text = found.text(start, end).rstrip()
            glue = "\n" * min(start - last + 1, 2)
            last = start + text.count("\n") + 1
            if len(text) <= LONGEST or start in block.solid:
                yield glue, text
            else:
                yield from ((glue if first else "", piece) for first, piece in _sentences(text))


def _ranges(found: Outline, block: Block) -> list[tuple[int, int]]:
    """The lines of a block; one range for each part of it when it is too long."""
    if len(found.text(block.start, block.end)) <= LONGEST:
        return [(block.start, block.end)]
    return list(pairwise([block.start, *block.breaks, block.end]))


def _sentences(text: str) -> Iterator[tuple[bool, str]]:
    """A text without any border in it, by sentences, by force where even one of these is too long."""
    start = 0
    ends = [found.end() for found in _SENTENCE.finditer(text)] + [len(text)]
    while start < len(text):
        last = ends[bisect_right(ends, start + LONGEST) - 1] if ends[0] <= start + LONGEST else 0
        end = last if last > start else start + LONGEST
        yield start == 0, text[start:end]
        start = end
