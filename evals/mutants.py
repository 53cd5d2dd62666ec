"""Break one guard on purpose and see that a test notices: `python -m evals.mutants [ID ...]`.

Each mutant of `mutants.yaml` is one changed line in a copy of the source tree, and the test that has to fail for it.
Exit 0 when all are killed, 1 when one survives or cannot be planted, 2 outside a source tree.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from agent.models import Model
from evals.errors import EvalError

COPIED = ("agent", "evals", "knowledge", "servers", "ui", "tests", "pyproject.toml")
TESTS_FAILED = 1
"""pytest's exit code for failed tests; any other code but 0 means that they did not run."""
TIMEOUT_S = 300
PLUGINS = ("-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "-p", "pytest_timeout")
"""Only these are loaded: the others take longer to start than most tests take to fail."""


class Mutant(Model):
    """One guard, broken."""

    id: str
    guards: str
    """What would go wrong in the product if the line were like this."""
    file: str
    old: str
    """Text that occurs exactly once in the file."""
    new: str
    test: str
    """pytest node ids, separated by spaces, of which at least one has to fail."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one mutant."""

    mutant: Mutant
    result: Literal["killed", "survived", "broken"]
    note: str = ""


def load_mutants(path: Path | None = None) -> tuple[Mutant, ...]:
    """The table, in file order."""
    rows = yaml.safe_load((path or Path(__file__).parent / "mutants.yaml").read_text(encoding="utf-8"))
    return tuple(Mutant.model_validate(row) for row in rows)


def mutate(root: Path, mutant: Mutant) -> str:
    """Break the guard in the tree at `root`; returns the file's text as it was.

    Raises: EvalError when the line is not there exactly once, or the change changes nothing."""
    path = root / mutant.file
    before = path.read_text(encoding="utf-8")
    if (found := before.count(mutant.old)) != 1:
        raise EvalError(f"{mutant.file} has the line {found} times: {mutant.old!r}")
    if mutant.old == mutant.new:
        raise EvalError("the change changes nothing")
    path.write_text(before.replace(mutant.old, mutant.new), encoding="utf-8")
    return before


async def run(mutants: Sequence[Mutant], source: Path) -> list[Tried]:
    """Try every mutant in a copy of `source`; nothing is written to `source` itself.

    Raises: EvalError when the tests do not pass before anything is broken."""
    with tempfile.TemporaryDirectory(prefix="mcpsoc-mutants-") as folder:
        root = Path(folder)
        _copy(source, root)
        nodes = sorted({node for mutant in mutants for node in mutant.test.split()})
        code, output = await _pytest(root, nodes)
        if code != 0:
            raise EvalError(f"the tests fail before anything is broken:\n{output}")
        return [await _try(mutant, root) for mutant in mutants]


async def _try(mutant: Mutant, root: Path) -> Tried:
    try:
        before = mutate(root, mutant)
    except (EvalError, OSError) as error:
        return _tell(Tried(mutant, "broken", str(error)))
    code, output = await _pytest(root, mutant.test.split())
    (root / mutant.file).write_text(before, encoding="utf-8")
    if code == TESTS_FAILED:
        return _tell(Tried(mutant, "killed"))
    return _tell(Tried(mutant, "survived" if code == 0 else "broken", "" if code == 0 else output[-1500:]))


def _tell(tried: Tried) -> Tried:
    sys.stderr.write(f"{tried.result:9} {tried.mutant.id}{': ' if tried.note else ''}{tried.note}\n")
    return tried


def _copy(source: Path, root: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        origin = source / name
        if origin.is_dir():
            shutil.copytree(origin, root / name, ignore=ignored)
        elif origin.is_file():
            shutil.copy2(origin, root / name)


async def _pytest(root: Path, nodes: Sequence[str]) -> tuple[int, str]:
    """Exit code and output of pytest over the nodes, with the tree at `root` imported before any installed copy."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", "pytest", "-q", "-x", "--no-header", *PLUGINS, *nodes),
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return TESTS_FAILED, "timed out"
    return process.returncode or 0, output.decode("utf-8", "replace")


def main(arguments: Sequence[str]) -> int:
    """Run the named mutants, all by default."""
    source = Path(__file__).resolve().parent.parent
    if not (source / "tests").is_dir():
        sys.stderr.write("mutants need a source tree with its tests\n")
        return 2
    mutants = [mutant for mutant in load_mutants() if not arguments or mutant.id in arguments]
    try:
        tried = asyncio.run(run(mutants, source))
    except EvalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    killed = sum(item.result == "killed" for item in tried)
    sys.stdout.write(f"{killed} of {len(tried)} mutants killed\n")
    return 0 if tried and killed == len(tried) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
