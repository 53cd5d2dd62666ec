"""Every sentence of the intents can be said in Chinese."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import agent.conversation.intents as intents
from agent.evidence.claims import SLOT
from agent.wording.catalogue import translations

FOLDER = Path(intents.__path__[0])
NO_SENTENCE = {"It runs", "It ran|that it ran"}
"""Patterns of focus.py that look like sentences."""


def _texts(path: Path) -> Iterator[str]:
    """Every text of a module that could be a template: not a docstring, not a part of an f-string."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    skipped |= {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def templates() -> list[str]:
    """The sentences in the modules, and those of the table of events."""
    found = [text for path in sorted(FOLDER.glob("*.py")) for text in _texts(path)]
    found += [row["say"] for row in yaml.safe_load((FOLDER / "events.yaml").read_text("utf-8"))]
    sentences = {text for text in found if re.match(r"[A-Z{]", text) and " " in text and "\\" not in text}
    return sorted(sentences - NO_SENTENCE)


@pytest.mark.parametrize("template", templates())
def test_every_template_has_a_translation_with_the_same_slots(template: str) -> None:
    """A template without one would be said in English in the middle of a Chinese answer; a lost slot loses a fact."""
    translated = translations("zh").get(template)
    assert translated is not None
    assert sorted(SLOT.findall(translated)) == sorted(SLOT.findall(template))


def test_no_translation_is_left_over() -> None:
    """A translation nobody says any more hides that a sentence was changed."""
    shipped = yaml.safe_load((Path(intents.__path__[0]).parents[1] / "wording/zh/intents.yaml").read_text("utf-8"))
    names = {name.replace("_", " ") for name in intents.INTENTS}
    assert set(shipped) - set(templates()) - names == set()
