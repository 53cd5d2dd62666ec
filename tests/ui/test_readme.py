"""The two READMEs are twins, short, and true about what they show."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", READMES)
def test_readme_is_short(name: str) -> None:
    """Whoever wants more finds it in docs/."""
    assert text(name).count("\n") < 250


def test_twins_have_the_same_headings_commands_and_output() -> None:
    """A reader of either language is told the same."""
    english, chinese = (text(name) for name in READMES)
    commands = script("readme_commands")
    output = re.compile(r"```text\n(.*?)```", re.DOTALL)

    assert [line.count("#") for line in re.findall(r"^#+ ", english, re.MULTILINE)] == [
        line.count("#") for line in re.findall(r"^#+ ", chinese, re.MULTILINE)
    ]
    assert commands.blocks(english) == commands.blocks(chinese)
    assert output.findall(english) == output.findall(chinese)


@pytest.mark.parametrize("name", READMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """A dead link in the first five minutes is a bad sign."""
    links = re.findall(r"\]\(([^)#]+)\)", text(name))

    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


@pytest.mark.thorough
def test_output_shown_is_what_the_command_prints() -> None:
    """`python .ci/readme_output.py` was run after the last change of a verdict."""
    shown = re.search(r"```text\n(.*?)```", text("README.md"), re.DOTALL)

    assert shown is not None
    assert shown[1] == script("readme_output").output()


def test_commands_are_found_for_the_continuous_integration() -> None:
    """Blocks that follow for ever are left out, comments are taken off."""
    found = script("readme_commands").blocks("```bash\nmcpsoc a  # why\n\n# note\n```\n```bash skip\nmcpsoc b\n```\n")

    assert found == [(False, ["mcpsoc a"]), (True, ["mcpsoc b"])]
