"""Text that somebody else wrote reaches the page in one way only: as data of markup that one module builds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "ui" / "web"
RENDERS = frozenset({"markdown", "write", "write_stream", "latex", "html", "iframe", "mermaid_chart", "help", "echo"})
"""What Streamlit makes markup of."""
SAFE = frozenset({"t", "inert"})
"""Calls whose result may be a label: our own words, and texts that were made inert."""
LABELS = frozenset({"label", "help", "placeholder", "caption", "body", "title", "page_title", "options", "text"})
NO_LABEL = frozenset(
    {"columns", "fragment", "container", "rerun", "switch_page", "navigation", "Page", "App", "component"}
)
"""Calls of Streamlit whose first argument nobody reads."""
STATE = frozenset({"session_state", "query_params", "context", "secrets", "components"})
"""Parts of Streamlit that draw nothing."""
SHEETS = ("app.py", "html")
"""The one page of markup that is no element: our own style sheets."""


def files() -> list[Path]:
    return sorted(WEB.rglob("*.py"))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call of something of Streamlit, by its last name: `st.sidebar.button(...)` is `button`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            chain = ast.unparse(node.func).split(".")
            if chain[0] == "st" and chain[1] not in STATE:
                yield node.func.attr, node


def safe(node: ast.expr) -> bool:
    """Whether a label is one of ours, whatever the data is."""
    if isinstance(node, ast.IfExp):
        return safe(node.body) and safe(node.orelse)
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Call) and name(node.func) in SAFE


def name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def labels(called: str, node: ast.Call) -> Iterator[ast.expr]:
    """What Streamlit would render of a call."""
    if called in NO_LABEL or called[:1].isupper():
        return
    yield from (keyword.value for keyword in node.keywords if keyword.arg in LABELS)
    yield from node.args[:1]


def unsafe(file: str, tree: ast.AST) -> Iterator[str]:
    """Where a text could reach the page as markup."""
    for called, node in calls(tree):
        where = f"{file}:{node.lineno} {called}"
        if called in RENDERS and (file, called) != SHEETS:
            yield where
        elif called not in RENDERS:
            yield from (where for label in labels(called, node) if not safe(label))
        yield from (where for keyword in node.keywords if (keyword.arg or "").startswith("unsafe_"))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(WEB).as_posix())
def test_no_label_of_the_page_is_made_of_data(path: Path) -> None:
    """Streamlit renders Markdown in every label: a host name there could be a link."""
    assert list(unsafe(path.name, ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(WEB).as_posix())
def test_only_one_module_says_what_markup_is(path: Path) -> None:
    """`Markup(x)` anywhere else would pass data for markup."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    made = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and name(node.func) in ("Markup", "Html")
    ]

    assert made == [] or path.name == "markup.py"


def test_the_script_of_a_board_draws_nothing_but_the_markup_it_was_given() -> None:
    """One assignment of markup in the browser, and it is the server's."""
    script = (WEB / "board.js").read_text(encoding="utf-8")

    assert [line.strip() for line in script.splitlines() if "HTML" in line and not line.startswith("//")] == [
        "root.innerHTML = html;"
    ]
    assert not any(word in script for word in ("eval(", "document.write", "insertAdjacent", "new Function"))


def test_unsafe_calls_would_be_found() -> None:
    """The finder above finds the ways there are."""
    code = """
st.markdown(t("our own words"))
st.button(case.title)
st.sidebar.text_input(host, placeholder=t("fine"))
st.toast(inert(said) if said else case.title)
st.text(t("fine"), unsafe_allow_html=True)
st.toast(inert(said))
st.html(sheet)
"""

    found = list(unsafe("pages.py", ast.parse(code)))

    assert found == [
        "pages.py:2 markdown",
        "pages.py:3 button",
        "pages.py:4 text_input",
        "pages.py:5 toast",
        "pages.py:6 text",
        "pages.py:8 html",
    ]
