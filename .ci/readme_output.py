"""Puts the real output of `mcpsoc triage examples/alerts.jsonl` into both READMEs: `python .ci/readme_output.py`.

With `--check` nothing is written, and the exit code is 1 when a README shows something else.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
COMMAND = ("triage", "examples/alerts.jsonl")
BLOCK = re.compile(r"(<!-- output of: mcpsoc triage examples/alerts.jsonl -->\n```text\n).*?(```)", re.DOTALL)


def output() -> str:
    """What the command prints in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", "from ui.cli import main; main()", *COMMAND],
            env={**os.environ, "MCPSOC_HOME": home, "MCPSOC_LANG": "en"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout


def main(check: bool) -> int:
    shown = output()
    stale = []
    for name in READMES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        fresh = BLOCK.sub(lambda match: match[1] + shown + match[2], text)
        if fresh != text:
            stale.append(name)
            if not check:
                path.write_text(fresh, encoding="utf-8")
    print("\n".join(stale))
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
