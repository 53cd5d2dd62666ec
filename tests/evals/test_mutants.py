"""The mutant table stays whole: every gate has one, and every line it breaks is still there."""

import shutil
from pathlib import Path

import pytest

from agent.evidence.gates import GATES
from evals.errors import EvalError
from evals.mutants import Mutant, load_mutants, mutate, run

ROOT = Path(__file__).resolve().parents[2]


def test_every_gate_has_its_mutant() -> None:
    """A gate that is added without a mutant may do nothing, and nobody would know."""
    ids = {mutant.id for mutant in load_mutants()}

    assert {f"gate-{name}" for name, _ in GATES} <= ids
    assert len(ids) == len(load_mutants())


@pytest.mark.parametrize("mutant", load_mutants(), ids=lambda mutant: mutant.id)
def test_line_to_break_is_still_there(mutant: Mutant, tmp_path: Path) -> None:
    """A mutant whose line has gone breaks nothing and guards nothing."""
    copy = tmp_path / mutant.file
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, copy)

    mutate(tmp_path, mutant)

    assert copy.read_text() != (ROOT / mutant.file).read_text()
    assert (ROOT / mutant.test.split("::")[0]).is_file()


async def test_mutants_are_told_apart(tmp_path: Path) -> None:
    """Killed, survived and impossible must not be mixed up: one of them is the whole point."""
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "__init__.py").write_text("")
    (tmp_path / "agent" / "guard.py").write_text("def safe() -> bool:\n    return True\n\n\nSPARE = 1\n")
    (tmp_path / "tests").mkdir()
    test = "import agent.guard\n\n\ndef test_safe() -> None:\n    assert agent.guard.safe()\n"
    (tmp_path / "tests" / "test_guard.py").write_text(test)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")

    def mutant(name: str, old: str, new: str) -> Mutant:
        return Mutant(id=name, guards="g", file="agent/guard.py", old=old, new=new, test="tests/test_guard.py")

    tried = await run(
        [
            mutant("bites", "return True", "return False"),
            mutant("unseen", "SPARE = 1", "SPARE = 2"),
            mutant("gone", "not there", ""),
            mutant("syntax", "return True", "return ("),
        ],
        tmp_path,
    )

    assert [item.result for item in tried] == ["killed", "survived", "broken", "broken"]


async def test_failing_tests_are_not_taken_for_kills(tmp_path: Path) -> None:
    """When a test fails anyway, every mutant would look killed."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_guard.py").write_text("def test_safe() -> None:\n    assert False\n")
    broken = Mutant(id="m", guards="g", file="tests/test_guard.py", old="a", new="b", test="tests/test_guard.py")

    with pytest.raises(EvalError, match="before anything is broken"):
        await run([broken], tmp_path)
