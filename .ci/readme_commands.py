"""Prints the commands a README tells its reader to type, one a line: `python .ci/readme_commands.py README.md`.

They are the lines of its ```bash blocks, comments taken off and continued lines joined. A block fenced ```bash skip
(clone, set-up done already, commands that follow for ever) is left out, and so are `make demo` and `make test`,
which CI runs first.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```bash(?P<flags>[^\n]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[bool, list[str]]]:
    """(skipped, commands) of each bash block, in order."""
    found = []
    for match in BLOCK.finditer(text):
        joined = match["body"].replace("\\\n", " ")
        commands = [re.sub(r"\s+# .*$", "", line).strip() for line in joined.splitlines()]
        found.append(("skip" in match["flags"], [line for line in commands if line and not line.startswith("#")]))
    return found


def main(path: str) -> None:
    for skipped, commands in blocks(Path(path).read_text(encoding="utf-8")):
        for command in commands:
            if not skipped and command not in ("make demo", "make test"):
                print(command)


if __name__ == "__main__":
    main(sys.argv[1])
