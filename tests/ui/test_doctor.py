"""Each fault is made for real, and the doctor has to find it and name a fix."""

import gettext
import json
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.brain.fitness import Fitness, Remark, Use
from agent.brain.records import keep_fitness
from agent.cases import CaseStore
from knowledge.trust.audit import AuditLog
from knowledge.trust.keys import SigningKey
from tests.real import free_port
from ui.cli.catalogue import Catalogue
from ui.doctor import Finding, Surroundings, examine, look_around
from ui.follow import Follower, Positions
from ui.home import Home
from ui.library.opening import knowledge_home, open_base

NOW = datetime.now(UTC)
T = Catalogue("en", gettext.NullTranslations())


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """A healthy home on this machine."""
    home = Home(tmp_path / "home").make()
    SigningKey.load_or_create(home.export_key)
    with closing(AuditLog(home.audit)) as log:
        for number in range(5):
            log.append("default", "tester", "case.noted", {"n": number}, NOW)
    CaseStore(home.cases_url).dispose()
    return replace(look_around(T), home=home, environment={"MCPSOC_HTTP_PORT": str(free_port())}, encoding="utf-8")


def found(around: Surroundings, check: str) -> list[Finding]:
    return [finding for finding in examine(around).findings if finding.check == check and finding.status != "ok"]


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def lab(path: Path, **meta: str) -> None:
    """The part of a lab that the doctor looks at."""
    edit(path, "CREATE TABLE meta (key TEXT, value TEXT)", "CREATE TABLE alerts (time INTEGER)")
    for key, value in meta.items():
        edit(path, f"INSERT INTO meta VALUES ('{key}', '{value}')")


def damage(path: Path) -> None:
    """Overwrite the middle of a file, as a bad disk would."""
    content = bytearray(path.read_bytes())
    content[100 : len(content) - 100] = b"\xff" * (len(content) - 200)
    path.write_bytes(bytes(content))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def open_to_others(around: Surroundings) -> Surroundings:
    around.home.root.chmod(0o755)
    return around


def not_a_folder(around: Surroundings) -> Surroundings:
    plain = around.home.root.parent / "plain"
    plain.write_text("")
    return replace(around, home=Home(plain))


def unwritable(around: Surroundings) -> Surroundings:
    around.home.root.chmod(0o500)
    return around


def open_key(around: Surroundings) -> Surroundings:
    around.home.export_key.chmod(0o644)
    return around


def broken_key(around: Surroundings) -> Surroundings:
    around.home.export_key.write_text("not a key\n")
    return around


def corrupt_cases(around: Surroundings) -> Surroundings:
    edit(around.home.cases, "PRAGMA wal_checkpoint(TRUNCATE)")
    damage(around.home.cases)
    return around


def corrupt_lab(around: Surroundings) -> Surroundings:
    around.home.lab.write_bytes(b"this is no database, whatever its name says" * 100)
    return around


def unlock(audit: Path) -> None:
    """Take the triggers away that refuse changes, as somebody with the file in hand can."""
    with closing(sqlite3.connect(audit)) as connection:
        names = [str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    edit(audit, *(f"DROP TRIGGER {name}" for name in names))


def edited_audit(around: Surroundings) -> Surroundings:
    unlock(around.home.audit)
    edit(around.home.audit, "UPDATE entries SET body = replace(body, 'tester', 'nobody') WHERE seq = 3")
    return around


def cut_audit(around: Surroundings) -> Surroundings:
    unlock(around.home.audit)
    edit(around.home.audit, "DELETE FROM entries WHERE seq = 5")
    return around


def old_cases(around: Surroundings) -> Surroundings:
    edit(around.home.cases, "UPDATE alembic_version SET version_num = '0000'")
    return around


def old_lab(around: Surroundings) -> Surroundings:
    lab(around.home.lab, schema="0", now="0")
    return around


def lab_clock_behind(around: Surroundings) -> Surroundings:
    from servers.lab.schema import VERSION

    lab(around.home.lab, schema=VERSION, now="1000")
    edit(around.home.lab, "INSERT INTO alerts VALUES (2000)")
    return around


def clock_behind(around: Surroundings) -> Surroundings:
    later = (NOW + timedelta(days=2)).timestamp()
    os.utime(around.home.audit, (later, later))
    return around


def misspelt_setting(around: Surroundings) -> Surroundings:
    return replace(around, environment={**around.environment, "MCPSOC_MAX_CALS": "5"})


def impossible_value(around: Surroundings) -> Surroundings:
    return replace(around, environment={**around.environment, "MCPSOC_MAX_CALLS": "many"})


def model_without_endpoint(around: Surroundings) -> Surroundings:
    return replace(around, environment={**around.environment, "MCPSOC_BRAIN": "model"})


def old_python(around: Surroundings) -> Surroundings:
    return replace(around, python=(3, 9))


def old_sqlite(around: Surroundings) -> Surroundings:
    return replace(around, sqlite=(3, 30, 0))


def missing_package(around: Surroundings) -> Surroundings:
    return replace(around, requirements=("nonexistent-package>=1",))


def wrong_version(around: Surroundings) -> Surroundings:
    return replace(around, requirements=("pydantic>=99",))


def full_disk(around: Surroundings) -> Surroundings:
    return replace(around, least_free_mb=2**40)


def ascii_terminal(around: Surroundings) -> Surroundings:
    return replace(around, encoding="ascii")


def broken_servers(around: Surroundings) -> Surroundings:
    around.home.servers.write_text('{"mcpServers": {"x": {"command": "a"}')
    return around


def absent_command(around: Surroundings) -> Surroundings:
    around.home.servers.write_text(json.dumps({"mcpServers": {"x": {"command": "no-such-program-anywhere"}}}))
    return around


def broken_pins(around: Surroundings) -> Surroundings:
    around.home.pins.write_text("{")
    return around


def broken_register(around: Surroundings) -> Surroundings:
    around.home.authorisations.write_text('[{"id": "AW-1"}]')
    return around


def dead_process() -> int:
    """Id of a process that has come and gone."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
        return process.pid


def half_written_file(around: Surroundings) -> Surroundings:
    (around.home.root / f".servers.json.{dead_process()}").write_text("{")
    return around


def half_built_lab(around: Surroundings) -> Surroundings:
    edit(around.home.root / "lab.building.db", "CREATE TABLE t (x)")
    return around


def vanished_log(around: Surroundings) -> Surroundings:
    log = around.home.root.parent / "alerts.json"
    log.write_text('{"a": 1}\n')
    with closing(Follower(log, Positions(around.home.positions))) as follower:
        for line in follower.poll():
            follower.done(line)
    log.unlink()
    return around


def with_model(around: Surroundings, url: str) -> Surroundings:
    """A model is switched on, and should be at `url`."""
    model = {"MCPSOC_BRAIN": "model", "MCPSOC_MODEL": "small", "OPENAI_BASE_URL": url}
    return replace(around, environment={**around.environment, **model})


@contextmanager
def listening() -> Iterator[str]:
    """A port that accepts connections, as a URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


def measured(around: Surroundings, url: str, *, triage: bool | None = True, at: datetime = NOW) -> None:
    """A probe of the model has been made."""
    fine = Use(allowed=True, reasons=(Remark(template="it does everything that this needs"),))
    judged = Use(
        allowed=triage, reasons=(Remark(template="it loses facts in a text of {n} tokens", values={"n": 8000}),)
    )
    keep_fitness(around.home.root, Fitness(endpoint=url, model="small", at=at, mode="tool", chat=fine, triage=judged))


def unreachable_model(around: Surroundings) -> Surroundings:
    return with_model(around, f"http://127.0.0.1:{free_port()}/v1")


def unmeasured_model(around: Surroundings) -> Surroundings:
    return with_model(around, f"http://127.0.0.1:{free_port()}/v1")


def unfit_model(around: Surroundings) -> Surroundings:
    url = f"http://127.0.0.1:{free_port()}/v1"
    measured(around, url, triage=False)
    return with_model(around, url)


def broken_records(around: Surroundings) -> Surroundings:
    (around.home.root / "model.json").write_text("{")
    return with_model(around, f"http://127.0.0.1:{free_port()}/v1")


def knowledge_of(around: Surroundings) -> Path:
    """The ledger of the knowledge base."""
    path = knowledge_home(around.home) / "knowledge.db"
    path.parent.mkdir()
    return path


def corrupt_knowledge(around: Surroundings) -> Surroundings:
    knowledge_of(around).write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    return around


def newer_knowledge(around: Surroundings) -> Surroundings:
    edit(knowledge_of(around), "PRAGMA user_version = 99")
    return around


def forgotten_vectors(around: Surroundings) -> Surroundings:
    base = open_base(around.home)
    base.search.refresh()
    edit(knowledge_home(around.home) / "knowledge.db", "DELETE FROM vectors")
    return around


FAULTS: tuple[tuple[str, Callable[[Surroundings], Surroundings], str], ...] = (
    ("home", open_to_others, "chmod 700"),
    ("home", not_a_folder, "MCPSOC_HOME"),
    ("home", unwritable, "chmod u+rwx"),
    ("keys", open_key, "chmod 600"),
    ("keys", broken_key, "backup"),
    ("databases", corrupt_cases, "backup"),
    ("databases", corrupt_lab, "backup"),
    ("audit", edited_audit, "audit verify"),
    ("audit", cut_audit, "audit verify"),
    ("knowledge", corrupt_knowledge, "backup"),
    ("knowledge", newer_knowledge, "added again"),
    ("knowledge", forgotten_vectors, "mcpsoc kb reindex"),
    ("schema", old_cases, "backup"),
    ("schema", old_lab, "lab create"),
    ("clock", lab_clock_behind, "lab create"),
    ("clock", clock_behind, "clock"),
    ("settings", misspelt_setting, "MCPSOC_MAX_CALLS"),
    ("values", impossible_value, ".env.example"),
    ("brain", model_without_endpoint, "MCPSOC_BRAIN"),
    ("model", unreachable_model, "OPENAI_BASE_URL"),
    ("model", unmeasured_model, "mcpsoc model probe"),
    ("model", unfit_model, "MCPSOC_BRAIN=playbook"),
    ("model", broken_records, "mcpsoc model probe"),
    ("python", old_python, "PYTHON="),
    ("sqlite", old_sqlite, "newer SQLite"),
    ("packages", missing_package, "pip install"),
    ("packages", wrong_version, "pip install"),
    ("disk", full_disk, "room"),
    ("terminal", ascii_terminal, "PYTHONIOENCODING"),
    ("servers", broken_servers, "mcpServers"),
    ("servers", absent_command, "install it"),
    ("pins", broken_pins, "move"),
    ("authorisations", broken_register, "backup"),
    ("leftovers", half_written_file, "rm "),
    ("leftovers", half_built_lab, "rm "),
    ("followed", vanished_log, "--watch"),
)
"""Check, how its fault is made, and what the fix has to name."""


def test_healthy_home_has_nothing_wrong(around: Surroundings) -> None:
    """A doctor that cries wolf is not asked again."""
    assert [finding for finding in examine(around).findings if finding.status != "ok"] == []


def test_a_fit_model_that_can_be_reached_has_nothing_wrong(around: Surroundings) -> None:
    """What was measured and found fit needs no word."""
    with listening() as url:
        measured(around, url)

        assert found(with_model(around, url), "model") == []


def test_a_model_measured_long_ago_is_worth_a_word(around: Surroundings) -> None:
    """Behind the same name there may be another model by now."""
    with listening() as url:
        measured(around, url, at=NOW - timedelta(days=91))
        findings = found(with_model(around, url), "model")

    assert [(finding.status, finding.message) for finding in findings] == [
        ("warning", "small was measured 91 days ago")
    ]


def test_a_model_nobody_switched_on_is_not_looked_at(around: Surroundings) -> None:
    """A name and an address in the environment switch nothing on."""
    given = {"MCPSOC_MODEL": "small", "OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"}

    assert found(replace(around, environment={**around.environment, **given}), "model") == []


def test_where_the_model_is_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the model, and that of the settings, need more than what is called MCPSOC."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")

    around = look_around(T)

    assert around.environment["OPENAI_BASE_URL"] == "http://127.0.0.1:8000/v1"
    assert [finding for finding in found(around, "settings") if "OPENAI" in finding.message] == []


def test_missing_home_has_nothing_wrong(around: Surroundings, tmp_path: Path) -> None:
    """Before the first command there is no home, and nothing to complain about."""
    examination = examine(replace(around, home=Home(tmp_path / "none")))

    assert [finding for finding in examination.findings if finding.status != "ok"] == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("check", "make", "fix"), FAULTS, ids=[make.__name__ for _, make, _ in FAULTS])
def test_fault_is_found_with_its_fix(
    around: Surroundings, check: str, make: Callable[[Surroundings], Surroundings], fix: str
) -> None:
    """A fault without a way out of it is no help."""
    findings = found(make(around), check)

    assert findings
    assert any(fix in finding.fix for finding in findings)


def test_every_check_has_a_seeded_fault() -> None:
    """A check nobody ever saw fail may be one that cannot."""
    from ui.doctor.examination import CHECKS

    tested_apart = {"port", "owner"}

    assert {check for check, _, _ in FAULTS} | tested_apart == set(CHECKS)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def test_port_in_use_is_found(around: Surroundings, listener: int) -> None:
    """The servers' port may be somebody else's."""
    assert found(replace(around, environment={"MCPSOC_HTTP_PORT": str(listener)}), "port")


def test_file_of_another_user_is_found(around: Surroundings) -> None:
    """One run as the administrator leaves files that later runs cannot change."""
    assert found(replace(around, user_id=around.user_id + 1), "owner")


def test_examination_is_quick(around: Surroundings) -> None:
    """A person waits at most five seconds."""
    assert examine(around).seconds < 5


def test_values_are_not_told(around: Surroundings) -> None:
    """What is in a setting may be a secret."""
    told = found(replace(around, environment={"MCPSOC_MAX_CALLS": "hunter2-secret"}), "values")

    assert told
    assert "hunter2" not in told[0].model_dump_json()
