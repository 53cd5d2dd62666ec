"""Everything the command line says comes from the catalogues, and both are complete."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from ui.cli.catalogue import KEYWORDS, LANGUAGES, LOCALES, choose, load, without_language

ROOT = Path(__file__).parents[2]
PROSE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
SPOKEN = ("ui/cli", "ui/doctor", "ui/web")
"""Where whatever is said is said to a person."""
SPEAKING = frozenset({"help", "epilog", "title", "message", "fix", "aria_label", "alt", "placeholder"})
"""Keywords whose texts a person reads, prose or not."""
MARKING = frozenset({"class_", "d", "viewBox"})
"""Keywords of markup whose texts only the browser reads."""
NAMES = frozenset({"ATT&CK", "MCPSoc", "Markdown", "UTC", "playbook"})
"""Called the same in every language."""
QUERY = re.compile(r"^(SELECT|PRAGMA) ")


def tool() -> ModuleType:
    """The script that keeps the catalogues."""
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / ".ci" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slots(text: str) -> list[str]:
    """The `{name}` slots of a template."""
    return sorted(re.findall(r"\{[^}]*\}", text))


def named(node: ast.Call) -> str:
    """Name of the function that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def translated(node: ast.Call) -> bool:
    """Whether this call looks its first argument up."""
    return named(node) in KEYWORDS


def silent(node: ast.AST) -> bool:
    """What no visitor reads: the message of a mistake in our own code, the name of a log line."""
    if isinstance(node, ast.Raise):
        return isinstance(node.exc, ast.Call) and named(node.exc) in ("TypeError", "ValueError")
    target = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    return isinstance(target, ast.Name) and target.id == "log"


def in_markup(node: ast.Call) -> Iterator[ast.Constant]:
    """Texts of one element of a page that no call looks up: everything it holds is read, prose or not."""
    for argument in node.args[1:]:
        for part in (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,):
            whole = part if isinstance(part, ast.JoinedStr) else ast.Expression(part)
            yield from hard_coded(whole, spoken=isinstance(part, ast.JoinedStr | ast.Constant))
    for keyword in node.keywords:
        if keyword.arg not in MARKING:
            yield from hard_coded(ast.Expression(keyword.value), spoken=keyword.arg in SPEAKING)


def hard_coded(tree: ast.AST, *, spoken: bool = False) -> Iterator[ast.Constant]:
    """Texts for a person that no call looks up."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Call) and translated(child):
            for argument in [*child.args[1:], *(keyword.value for keyword in child.keywords)]:
                yield from hard_coded(ast.Expression(argument))
            continue
        if silent(child):
            continue
        if isinstance(child, ast.Call) and named(child) == "el":
            yield from in_markup(child)
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            words = PROSE.search(child.value) or (spoken and re.search("[A-Za-z]{2}", child.value))
            if words and not QUERY.match(child.value):
                yield child
        read = isinstance(child, ast.keyword) and child.arg in SPEAKING
        yield from hard_coded(child, spoken=read)


def spoken_files() -> list[Path]:
    return [path for folder in SPOKEN for path in sorted((ROOT / folder).rglob("*.py"))]


def is_table(path: Path, node: ast.Constant) -> bool:
    """Commands to type, code words of other tools, log formats and the parser's own messages are nobody's prose."""
    text = str(node.value)
    return (
        text.startswith(("mcpsoc ", "pip ", "make ", "chmod ", "sudo ", "rm ", "%(levelname)"))
        or path.name in ("catalogue.py", "looks.py")
        or text in NAMES
    )


@pytest.mark.parametrize("path", spoken_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_text_for_a_person_is_hard_coded(path: Path) -> None:
    """One forgotten string is English in the middle of a Chinese screen."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    left = [f"{path.name}:{node.lineno}: {node.value!r}" for node in hard_coded(tree) if not is_table(path, node)]

    assert left == []


def test_hard_coded_text_would_be_found() -> None:
    """The finder above finds the ways a text can hide."""
    code = """
write_line("two words")
say(f"{n} cases were judged")
typer.Option(help="Short")
t("fine words", other="not fine")
Problem("also not fine", fix=t("fine words"))
el("h2", "Bare", class_="not read")
el("p", el("b", f"{n} cases"), title="Bare")
raise ValueError("of our own making")
"""

    assert [node.lineno for node in hard_coded(ast.parse(code))] == [2, 3, 4, 5, 6, 7, 8, 8]


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete(language: str) -> None:
    """Exactly the messages of the code, each translated, none fuzzy, with the same slots."""
    catalogues = tool()
    folder = LOCALES / language / "LC_MESSAGES"
    with (folder / "mcpsoc.po").open("rb") as stream:
        messages = {message.id: message for message in read_po(stream) if message.id}

    assert sorted(messages) == catalogues.messages()
    for text, message in messages.items():
        assert message.string, text
        assert not message.fuzzy, text
        assert slots(f"{text}") == slots(f"{message.string}"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_the_source(language: str) -> None:
    """`make catalogues` was run."""
    catalogues = tool()
    folder = LOCALES / language / "LC_MESSAGES"

    fresh = catalogues.mo_bytes(catalogues.updated(language, catalogues.messages()))

    assert fresh == (folder / "mcpsoc.mo").read_bytes()


def test_chinese_is_not_english() -> None:
    """A message that reads the same in both was forgotten, unless it is code."""
    with (LOCALES / "zh" / "LC_MESSAGES" / "mcpsoc.po").open("rb") as stream:
        same = [message.id for message in read_po(stream) if message.id and message.id == message.string]

    assert same == []


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        (["--lang", "zh"], {"MCPSOC_LANG": "en"}, "zh"),
        (["demo", "--lang=zh"], {}, "zh"),
        ([], {"MCPSOC_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_language_is_the_first_that_is_asked_for(
    arguments: list[str], environment: dict[str, str], language: str
) -> None:
    """The option wins over the setting, the setting over the terminal's language."""
    assert choose(arguments, environment) == language


def test_language_option_may_stand_anywhere() -> None:
    """It is taken out before the commands see it; one that does not exist stays and is refused."""
    assert without_language(["demo", "--lang", "zh", "--json", "--lang=en"]) == ["demo", "--json"]
    assert without_language(["--lang", "fr", "demo"]) == ["--lang", "fr", "demo"]


def test_slots_are_filled_in_every_language() -> None:
    """A template keeps its slots through translation."""
    assert load("zh")("{n} checks found nothing wrong, {seconds} s", n=3, seconds="0.1").startswith("3 ")
