"""Holds a coverage JSON report against the thresholds: `python .ci/coverage_gate.py .coverage.json`.

Exit 1 and one line per package below its threshold. Branches count: (covered lines + covered branches) / all of both.
"""

import json
import sys
from pathlib import Path

THRESHOLDS = {"": 85.0, "agent/evidence/": 95.0, "agent/investigation/": 95.0, "agent/host/": 95.0}
"""Path prefix to the least percentage; the empty prefix is everything."""


def percentages(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, float]:
    """Percentage per prefix of THRESHOLDS; a prefix without a file counts as 0."""
    found = {}
    for prefix in THRESHOLDS:
        rows = [item["summary"] for path, item in report["files"].items() if path.startswith(prefix)]
        covered = sum(row["covered_lines"] + row.get("covered_branches", 0) for row in rows)
        total = sum(row["num_statements"] + row.get("num_branches", 0) for row in rows)
        found[prefix] = 100.0 * covered / total if total else 0.0
    return found


def main(path: str) -> int:
    measured = percentages(json.loads(Path(path).read_text(encoding="utf-8")))
    for prefix, percent in measured.items():
        verdict = "ok" if percent >= THRESHOLDS[prefix] else "BELOW"
        print(f"{verdict:5} {prefix or 'everything':22} {percent:6.2f} % (at least {THRESHOLDS[prefix]:.0f} %)")
    return int(any(percent < THRESHOLDS[prefix] for prefix, percent in measured.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
