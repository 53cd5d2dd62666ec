"""The demo from outside, run once: what it prints, what it writes, and whether its work can be checked."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.labs import home_at
from tests.ui.conftest import CommandLine

ROW = {
    "id", "title", "disposition", "severity", "priority", "likelihood", "outcome", "basis", "techniques", "claims",
    "evidence", "calls", "seconds", "brain", "fell_back", "model", "cut", "disagreements",
}  # fmt: skip


@pytest.fixture(scope="module")
def demo(shared: CommandLine) -> subprocess.CompletedProcess[str]:
    """What the demo told; `shared` has a copy of its home."""

    def told(folder: Path) -> None:
        done = replace(shared, folder=folder)("demo", "--json")
        (folder / "told.json").write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]))

    home_at(shared.folder, "demo", told)
    return subprocess.CompletedProcess(*json.loads((shared.folder / "told.json").read_text()))


def test_demo_tells_every_case_in_json(demo: subprocess.CompletedProcess[str]) -> None:
    """Programs read this; the shape is a promise."""
    summary = json.loads(demo.stdout)

    assert demo.returncode == 0
    assert set(summary) == {"schema_version", "brain", "alerts", "seconds", "cases"}
    assert summary["alerts"] == len(summary["cases"]) == 12
    assert all(set(row) == ROW for row in summary["cases"])
    assert {row["disposition"] for row in summary["cases"]} >= {"true_positive", "benign_true_positive", "needs_human"}


def test_demo_writes_a_report_per_case_that_says_it_is_synthetic(demo: subprocess.CompletedProcess[str]) -> None:
    """A page that is sent around must not pass for a real incident; nothing in it loads or runs anything."""
    pages = [Path(line) for line in demo.stderr.splitlines() if line.endswith(".html")]

    assert len(pages) == 12
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert "ynthetic" in html
        assert "Content-Security-Policy" in html
        assert not re.search(r"<script|<img|https?://[^\"'<> ]+\.(js|css)", html)


def test_newest_case_of_the_demo_is_verified(shared: CommandLine, demo: subprocess.CompletedProcess[str]) -> None:
    """The first of the three things to try next."""
    newest = json.loads(demo.stdout)["cases"][-1]["id"]

    report = json.loads(shared("verify", "last", "--demo", "--json").stdout)

    assert report["ok"]
    assert report["case_id"] == newest


def test_changed_export_is_refused_without_a_database(
    shared: CommandLine, demo: subprocess.CompletedProcess[str], run: CommandLine
) -> None:
    """One digit of one count."""
    exported = shared("cases", "export", "last", "--demo").stdout
    good, bad = shared.folder / "good.json", shared.folder / "bad.json"
    good.write_text(exported, encoding="utf-8")
    bad.write_text(
        re.sub(r'"likelihood":0\.(\d)', lambda m: f'"likelihood":0.{(int(m[1]) + 1) % 10}', exported, count=1)
    )

    assert demo.returncode == 0
    assert shared("verify", str(good), "--demo").returncode == 0
    assert shared("verify", str(bad), "--demo").returncode == 1
    assert json.loads(run("verify", str(good), "--json").stdout)["intact"]
    assert not json.loads(run("verify", str(bad), "--json").stdout)["intact"]


def test_person_takes_notes_closes_and_reopens_a_case(
    shared: CommandLine, demo: subprocess.CompletedProcess[str]
) -> None:
    """The machine's verdict is never touched, and all of it is in the audit log."""
    case = json.loads(demo.stdout)["cases"][0]
    name = str(case["id"])
    for arguments in (["take", name], ["note", name, "asked"], ["close", name, "--reason", "bad_data"]):
        assert shared("cases", *arguments, "--demo").returncode == 0

    closed = json.loads(shared("cases", "show", name, "--demo", "--json").stdout)
    assert closed["status"] == "closed"
    assert closed["human"]["disposition"] == "false_positive"
    assert closed["report"]["verdict"]["disposition"] == case["disposition"]
    assert shared("cases", "take", name, "--demo").returncode == 2
    assert shared("cases", "reopen", name, "not so", "--demo").returncode == 0
    assert shared("audit", "verify", "--demo").returncode == 0


def test_case_can_be_shown_in_every_form_and_language(
    shared: CommandLine, demo: subprocess.CompletedProcess[str]
) -> None:
    """For a person, a ticket and a page."""
    assert demo.returncode == 0
    for form in ("json", "markdown", "html"):
        assert shared("cases", "export", "last", "--demo", "--format", form).stdout
    assert "断言" in shared("cases", "show", "last", "--demo", "--lang", "zh").stdout
    assert shared("cases", "export", "last", "--demo", "--format", "pdf").returncode == 2
