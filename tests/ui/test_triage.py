"""`mcpsoc triage` from outside: one line per alert, nothing else on stdout, none lost and none doubled."""

import json
import signal
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.ui.conftest import CommandLine

EXAMPLES = Path(__file__).parents[2] / "examples" / "alerts.jsonl"
FIELDS = {
    "alert_id", "case_id", "duplicate_of", "disposition", "severity", "priority", "likelihood", "outcome", "basis",
    "techniques", "reason", "gaps", "claims", "calls", "seconds",
    "brain", "fell_back", "model", "cut", "disagreements",
}  # fmt: skip


def alert(number: int) -> dict[str, JsonValue]:
    """A failed sign-in at a host of its own: no two of them belong together."""
    return {
        "timestamp": f"2026-11-18T07:{number % 60:02d}:31.005+0000",
        "rule": {"level": 5, "description": "one sign-in failed", "id": "5716", "groups": ["syslog", "sshd"]},
        "agent": {"id": f"{number:03d}", "name": f"host-{number}", "ip": f"10.40.6.{number}"},
        "id": f"1795075111.{number}",
        "decoder": {"name": "sshd"},
        "data": {"srcip": f"10.41.20.{number}", "dstuser": f"user{number}"},
        "location": "/var/log/auth.log",
    }


def lines(*numbers: int) -> str:
    return "".join(json.dumps(alert(number)) + "\n" for number in numbers)


@pytest.mark.thorough
def test_examples_are_judged_in_order_and_none_is_closed(run: CommandLine) -> None:
    """Without access to any product, nothing may be called harmless."""
    done = run("triage", str(EXAMPLES), "--json")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(rows) == 12
    assert all(set(row) == FIELDS for row in rows)
    assert {row["disposition"] for row in rows} <= {"true_positive", "needs_human", "not_evaluable"}
    assert [row["alert_id"] for row in rows][4:8] == ["line-5", "line-6", "line-7", rows[7]["alert_id"]]
    assert all(row["claims"]["struck"] == 0 for row in rows)


def test_case_of_a_site_shows_the_entry_of_its_register(run: CommandLine) -> None:
    """What is entered on the command line is what the assets server finds, in the same home."""
    entered = run(
        *("authorisations", "add", "scan", "--title", "Sign-in test", "--approver", "A. Head"),
        *("--from", "2026-11-18T06:00", "--until", "2026-11-18T09:00", "--host", "HOST-1.corp.example"),
    )
    judged = run("triage", "-", "--json", stdin=lines(1))
    shown = run("cases", "show", "last", "--json")

    evidence = json.loads(shown.stdout)["evidence"]
    answer = next(item for item in evidence if item["tool"] == "assets_list_authorised_work")
    assert (entered.returncode, judged.returncode) == (0, 0)
    assert (answer["status"], answer["backend"], answer["synthetic"]) == ("success", "real", False)
    assert [entry["title"] for entry in answer["data"]["work"]] == ["Sign-in test"]
    assert json.loads(judged.stdout)["basis"] == "alert_only"


def test_broken_lines_are_told_by_number_and_do_not_stop_the_rest(run: CommandLine) -> None:
    """Results go to stdout alone; exit 1 says that some lines were not judged."""
    file = run.folder / "alerts.jsonl"
    flow = {"event_type": "flow", "timestamp": "2026-11-18T07:00:00.000000+0000", "src_ip": "10.0.0.1"}
    file.write_text(f"{lines(1)}not json\n\n[1, 2]\n{json.dumps(flow)}\n{lines(2)}")

    done = run("triage", str(file), "--json")

    assert done.returncode == 1
    assert [json.loads(line)["alert_id"] for line in done.stdout.splitlines()] == ["1795075111.1", "1795075111.2"]
    complaints = [line for line in done.stderr.splitlines() if line.startswith(str(file))]
    assert [line.split(":")[1] for line in complaints] == ["2", "4"]


@pytest.mark.parametrize(
    "form",
    [
        "lines",
        pytest.param("array", marks=pytest.mark.thorough),
        pytest.param("pretty", marks=pytest.mark.thorough),
        pytest.param("hit", marks=pytest.mark.thorough),
    ],
)
def test_shapes_of_input(run: CommandLine, form: str) -> None:
    """An export is lines, an array or one document over many lines; a search result wraps each alert."""
    texts = {
        "lines": lines(1, 2),
        "array": json.dumps([alert(1), alert(2)]),
        "pretty": json.dumps([alert(1), alert(2)], indent=2),
        "hit": "".join(json.dumps({"_id": "x", "_source": alert(number)}) + "\n" for number in (1, 2)),
    }

    done = run("triage", "-", "--json", stdin=texts[form])

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2


def test_same_alert_again_is_a_duplicate_of_the_first(run: CommandLine) -> None:
    """It is counted, not investigated again."""
    rows = [json.loads(line) for line in run("triage", "-", "--json", stdin=lines(1, 1)).stdout.splitlines()]

    assert rows[0]["duplicate_of"] is None
    assert rows[1]["duplicate_of"] == rows[0]["alert_id"]
    assert rows[1]["case_id"] == rows[0]["case_id"]
    assert rows[1]["calls"] == 0


def test_text_of_an_alert_does_nothing_in_a_terminal(run: CommandLine) -> None:
    """Escape sequences and direction marks come from attackers."""
    hostile = alert(1) | {"id": "\x1b[2J\u202eevil"}

    shown = run("triage", "-", stdin=json.dumps(hostile) + "\n").stdout

    assert "evil" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.thorough
def test_interrupting_a_slow_stream_is_exit_130(run: CommandLine) -> None:
    """What was judged stays; the case store is whole."""
    with run.start("triage", "-", "--json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines(1))
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130

    assert [row["id"] for row in json.loads(run("cases", "ls", "--json").stdout)] == [first["case_id"]]


@pytest.mark.thorough
def test_watching_loses_and_doubles_nothing_over_rotation_and_kill(run: CommandLine) -> None:
    """The reader is killed at once after a line, the file is rotated while it is down, and a new reader goes on.

    A reader killed between printing a line and noting it prints that result again; the case is one."""
    log = run.folder / "alerts.json"
    log.write_text(lines(*range(1, 7)))
    seen: list[str] = []

    for limit in (2, 3):
        with run.start("triage", "--watch", str(log), "--json") as process:
            assert process.stdout is not None
            seen += [json.loads(process.stdout.readline())["alert_id"] for _ in range(limit)]
            process.kill()
            seen += [json.loads(line)["alert_id"] for line in process.stdout if line.endswith("\n")]
    log.rename(log.with_name("alerts.json.1"))
    log.write_text(lines(7, 8))
    with run.start("triage", "--watch", str(log), "--json") as process:
        assert process.stdout is not None
        while not seen or seen[-1] != "1795075111.8":
            seen.append(json.loads(process.stdout.readline())["alert_id"])
        with log.open("a") as stream:
            stream.write(lines(9))
        seen.append(json.loads(process.stdout.readline())["alert_id"])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130

    assert list(dict.fromkeys(seen)) == [f"1795075111.{number}" for number in range(1, 10)]
    assert len(seen) <= 9 + 2
    cases = json.loads(run("cases", "ls", "--json").stdout)
    assert (len(cases), sum(case["repeats"] for case in cases)) == (9, 0)


@pytest.mark.thorough
def test_alert_about_a_host_of_the_lab_gets_no_evidence_from_the_lab(run: CommandLine) -> None:
    """The lab's answers about a real alert would be inventions, however well they fit."""
    assert run("lab", "create").returncode == 0
    from contextlib import closing

    from servers.lab.world import Lab

    with closing(Lab.open(run.home / "lab.db")) as lab:
        name, address = lab.db.execute("SELECT name, ip FROM hosts WHERE kind = 'workstation' LIMIT 1").fetchone()
        (account,) = lab.db.execute("SELECT name FROM accounts WHERE kind = 'user' LIMIT 1").fetchone()
    theirs = alert(1) | {
        "agent": {"id": "001", "name": name, "ip": address},
        "data": {"srcip": address, "dstuser": account},
    }

    row = json.loads(run("triage", "-", "--json", stdin=json.dumps(theirs) + "\n").stdout)
    case = json.loads(run("cases", "show", row["case_id"], "--json").stdout)

    assert case["world"] == "site"
    assert [item["id"] for item in case["evidence"] if item["synthetic"]] == []
    assert [item["id"] for item in case["evidence"] if item["backend"] == "embedded" and item["data"]] == []


def test_product_that_is_down_is_told_on_the_line_once_in_full_and_in_the_report(run: CommandLine) -> None:
    """Whoever reads only the queue or only the report must not take an error for a clean look."""
    down = {"MCPSOC_IDS_BACKEND": "suricata", "MCPSOC_IDS_EVE": str(run.folder / "none.json")}
    beacon, _, web = EXAMPLES.read_text().splitlines()[4:7]

    done = run("--lang", "zh", "triage", "-", stdin=f"{beacon}\n{web}\n", **down)
    page = run("cases", "export", "last", "--format", "html", **down).stdout

    assert [line.endswith("；ids 出错") for line in done.stdout.splitlines()] == [True, True]
    assert done.stderr.count("the log none.json is not there") == 1
    section = page[page.index("What could not be looked at") :]
    assert "an error, which is no clean answer: unreachable: the log none.json is not there" in section
    assert "MCPSOC_IDS_EVE" in section
