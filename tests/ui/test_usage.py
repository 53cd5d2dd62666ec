"""What is wrong with a command line is told in the reader's language, by us and by the parser alike."""

import re
import subprocess
from collections.abc import Callable
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from ui.cli.catalogue import load
from ui.cli.usage import root_class

Run = Callable[..., subprocess.CompletedProcess[str]]

ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}|\b(Show|Missing|Invalid|No such|Got|Input|Option|Did|Choose|Value|Must)\b")
"""Two words of prose, or how the parser begins its sentences."""
WINDOW = ("--title", "t", "--approver", "a", "--until", "2026-11-21T08:00")


def prose(text: str) -> str:
    """`text` without the usage line, commands to type and the types of the parameters, which are code."""
    lines = [line for line in text.splitlines() if not line.strip().startswith("Usage: ")]
    return re.sub(r"<[a-z ]+>|'mcpsoc [^']*'", "", "\n".join(lines))


@pytest.mark.parametrize(
    "command", [[], ["demo"], ["cases"], ["cases", "show"], ["lab", "create"], ["servers", "add"]], ids=" ".join
)
def test_help_has_no_english_sentence_left(run: Run, command: list[str]) -> None:
    """The help option is on every page."""
    shown = run("--lang", "zh", *command, "--help")

    assert shown.returncode == 0
    assert "显示本帮助后退出。" in shown.stdout
    assert ENGLISH.search(prose(shown.stdout)) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify"], "缺少参数 'CASE|last|FILE'。"),
        (["authorisations", "add", "scan"], "缺少选项 '--title'。"),
        (["verify", "--nope"], "没有选项 --nope。"),
        (["lab", "-x"], "没有选项 -x。"),
        (["cases", "show", "--jso", "last"], "没有选项 --jso。是否想输入 --json？"),
        (["nonsense"], "没有命令 'nonsense'。"),
        (["caes"], "没有命令 'caes'。是否想输入 'cases'？"),
        (["cases", "shw"], "没有命令 'shw'。是否想输入 'show'？"),
        (["verify", "one", "two", "3"], "多余的参数：two 3"),
        (["lab", "create", "--seed", "x"], "'--seed' 的值无效：'x' 不是整数"),
        (["eval", "run", "--seeds", "1.5"], "'--seeds' 的值无效：'1.5' 不是整数"),
        (["lab", "create", "--seed", "-1"], "'--seed' 的值无效：'-1' 小于 0"),
        (["server", "siem", "--port", "70000"], "'--port' 的值无效：'70000' 大于 65535"),
        (["authorisations", "add", "scan", *WINDOW, "--from", "soon"], "'--from' 的值无效：'soon' 不符合任何一种写法"),
        (["lab", "create", "--seed"], "选项 --seed 需要一个值。"),
        (["demo", "--json=1"], "选项 --json 不带值。"),
        (["--lang", "fr", "demo"], "'--lang' 的值无效：没有该语言"),
        (["lab"], "模拟企业"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_has_no_english_sentence_left(run: Run, arguments: list[str], told: str) -> None:
    """Each kind of mistake the parser finds, with the name and the value it is about."""
    done = run("--lang", "zh", *arguments)

    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert told in said
    assert ENGLISH.search(prose(said)) is None


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Invalid value for '--size': 'm' is not one of 's', 'l'"), ("zh", "'m' 不在可选值之中：'s', 'l'")],
)
def test_wrong_choice_is_told_with_the_choices(language: str, told: str) -> None:
    """No option of today has fixed choices for the parser to hold it to; the next one is told of as well."""
    app = typer.Typer(cls=root_class(load(language)))

    @app.callback()
    def root() -> None:
        return None

    @app.command()
    def buy(size: Annotated[Literal["s", "l"], typer.Option()]) -> None:
        raise AssertionError(size)

    done = CliRunner().invoke(app, ["buy", "--size", "m"], env={"COLUMNS": "200"})

    assert done.exit_code == 2
    assert told in done.output


def test_typed_control_characters_are_not_sent_to_the_terminal(run: Run) -> None:
    """A pasted argument must not colour, move or clear what is on the screen."""
    for arguments in (["verify", "--\x1b[31mred"], ["verify", "a", "\x1b[31mred"], ["lab", "create", "--seed", "\x1b"]):
        done = run(*arguments)

        assert done.returncode == 2
        assert "\x1b" not in done.stderr
