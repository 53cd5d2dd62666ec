"""The case store keeps everything, loses nothing to a race, and finds what belongs together."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from agent.cases import CaseStore
from agent.cases.errors import CaseConflictError, CaseNotFoundError, CaseStateError, StoreError
from agent.cases.queries import CaseQuery
from agent.cases.tables import METADATA
from agent.models import Alert, AlertField, Case, HumanVerdict, Priority, Provenance

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
CaseFactory = Callable[..., Case]
AlertFactory = Callable[..., Alert]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    """An empty store."""
    opened = CaseStore(f"sqlite:///{tmp_path}/new folder/cases.db")
    yield opened
    opened.dispose()


def verdict(author: str = "mei", at: datetime = NOW) -> HumanVerdict:
    """A person's closing."""
    return HumanVerdict(at=at, author=author, disposition="true_positive", reason_code="confirmed_attack", note="seen")


def test_case_comes_back_as_it_was_saved(store: CaseStore, sample: CaseFactory) -> None:
    """Nothing is rounded, reordered or dropped on the way through the tables."""
    saved = store.save(sample())
    assert (saved.version, saved.due_at) == (1, saved.updated_at + timedelta(minutes=15))
    assert store.get("C-1") == saved == store.get("C-1", tenant="lab")


def test_case_of_another_tenant_is_not_there(store: CaseStore, sample: CaseFactory) -> None:
    """Not hidden, not refused: for that tenant it does not exist."""
    store.save(sample())
    for case_id, tenant in (("C-1", "default"), ("C-2", None)):
        with pytest.raises(CaseNotFoundError):
            store.get(case_id, tenant=tenant)
    with pytest.raises(CaseNotFoundError):
        store.take("C-1", "mei", NOW, tenant="default")


def test_ids_are_never_given_twice(tmp_path: Path) -> None:
    """Two stores on one file, as two processes have it."""
    stores = [CaseStore(f"sqlite:///{tmp_path}/cases.db") for _ in range(2)]
    ids = [store.new_id() for _ in range(5) for store in stores]
    assert ids == [f"C-{number}" for number in range(1, 11)]
    for store in stores:
        store.dispose()


def test_save_on_an_old_version_is_refused(store: CaseStore, sample: CaseFactory) -> None:
    """The second of two people who read the same version must not undo what the first did."""
    first = store.save(sample())
    store.add_note("C-1", "mei", "called m.ortiz", NOW)

    with pytest.raises(CaseConflictError, match="somebody else"):
        store.save(first.model_copy(update={"title": "other"}))
    with pytest.raises(CaseConflictError, match="already"):
        store.save(sample())
    assert store.get("C-1").notes[0].text == "called m.ortiz"


def test_changes_from_many_threads_all_arrive(store: CaseStore, sample: CaseFactory) -> None:
    """Read, change, save again until nobody was in between."""
    store.save(sample())
    workers = [
        threading.Thread(target=store.add_note, args=("C-1", "mei", f"note {number}", NOW)) for number in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    case = store.get("C-1")
    assert sorted(note.text for note in case.notes) == [f"note {number}" for number in range(6)]
    assert case.version == 7


def test_stored_evidence_cannot_be_replaced(store: CaseStore, sample: CaseFactory) -> None:
    """Whatever a later save brings, an id keeps the data it was cited for; more may be added."""
    saved = store.save(sample())
    forged = saved.evidence[1].model_copy(update={"data": {"events": []}, "sha256": "0" * 64})
    with pytest.raises(CaseConflictError, match="E1 of C-1"):
        store.save(saved.model_copy(update={"evidence": (saved.evidence[0], forged)}))

    more = saved.evidence[1].model_copy(update={"id": "E99"})
    store.save(saved.model_copy(update={"evidence": (*saved.evidence, more)}))
    assert [item.id for item in store.get("C-1").evidence] == [*(item.id for item in saved.evidence), "E99"]


def test_alerts_join_in_order(store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory) -> None:
    """A correlated alert is added after the one that opened the case."""
    saved = store.save(sample())
    store.save(saved.model_copy(update={"alerts": (*saved.alerts, sample_alert(2, fingerprint="f2", minutes=30))}))
    assert [alert.alert_id for alert in store.get("C-1").alerts] == ["al-1", "al-2"]


@pytest.mark.parametrize("hours,found", [(0, True), (24, True), (-24, True), (24.01, False), (-24.01, False)])
def test_duplicate_is_the_same_fingerprint_within_a_day(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory, hours: float, found: bool
) -> None:
    """Alert time decides, not when it came in: replayed files are judged like live ones."""
    store.save(sample())
    assert (store.find_duplicate("lab", sample_alert(2, minutes=21 + hours * 60)) is not None) is found


def test_other_fingerprint_or_tenant_is_no_duplicate(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """What looks alike elsewhere is another matter."""
    store.save(sample())
    assert store.find_duplicate("lab", sample_alert(2, fingerprint="f2")) is None
    assert store.find_duplicate("default", sample_alert(2)) is None


def test_duplicates_count_and_make_no_new_version(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """An alert storm must not push a person's edit into a conflict."""
    saved = store.save(sample())
    duplicate = store.find_duplicate("lab", sample_alert(2))
    assert duplicate is not None
    assert (duplicate.case_id, duplicate.alert_id, duplicate.status) == ("C-1", "al-1", "open")

    store.count_duplicate(duplicate, NOW)
    counted = store.count_duplicate(duplicate, NOW)

    assert (counted.duplicates, counted.version) == ({"f1": 2}, saved.version)
    assert store.save(saved).duplicates == {}
    assert store.get("C-1").duplicates == {"f1": 2}


def test_duplicate_of_a_case_that_is_gone_is_an_error(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory, tmp_path: Path
) -> None:
    """Counting nothing must not look like counting; parts go with the case they belong to."""
    store.save(sample())
    duplicate = store.find_duplicate("lab", sample_alert(2))
    assert duplicate is not None
    db = sqlite3.connect(tmp_path / "new folder" / "cases.db")
    db.execute("PRAGMA foreign_keys=ON")
    db.execute("DELETE FROM cases")
    assert [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("alerts", "evidence", "ties")] == [
        0
    ] * 3
    db.commit()
    db.close()
    with pytest.raises(CaseNotFoundError):
        store.count_duplicate(duplicate, NOW)


def with_fields(alert: Alert, **fields: str) -> Alert:
    """The alert with other fields; `__` stands for a dot."""
    made = tuple(
        AlertField(name=name.replace("__", "."), value=value, provenance=Provenance.SENSOR, path="$.x")
        for name, value in fields.items()
    )
    return alert.model_copy(update={"fields": made})


def test_candidates_share_a_source_a_process_a_logon_or_a_flow(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """One's child process is the other's parent; spellings of one address are one; a user name ties nothing."""
    stored = with_fields(
        sample_alert(fingerprint="f9"),
        source__ip="2001:db8::1",
        process__entity_id="{ABC}",
        logon__id="0x77",
        network__community_id="1:xyz",
        user__name="alice",
    )
    store.save(sample(alert=stored))
    for fields in (
        {"source__ip": "2001:0DB8:0::1"},
        {"process__parent__entity_id": "{abc}"},
        {"logon__id": "0x77"},
        {"network__community_id": "1:xyz"},
    ):
        (candidate,) = store.candidates("lab", with_fields(sample_alert(2), **fields))
        assert (candidate.case_id, candidate.status, candidate.alert) == ("C-1", "open", stored)
    assert store.candidates("lab", with_fields(sample_alert(2), user__name="alice")) == ()
    assert store.candidates("default", with_fields(sample_alert(2), logon__id="0x77")) == ()


def test_candidates_are_near_in_time_and_the_nearest_comes_first(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """An address of last month is somebody else's by now."""
    for number, minutes in enumerate((0, 50, 200), start=1):
        store.save(sample(f"C-{number}", alert=sample_alert(number, minutes=minutes)))
    found = store.candidates("lab", sample_alert(9, minutes=60), within=timedelta(minutes=90))
    assert [candidate.case_id for candidate in found] == ["C-2", "C-1"]


def test_queue_puts_overdue_first_and_then_the_priority(store: CaseStore, sample: CaseFactory) -> None:
    """What should have been looked at by now comes before what is merely important."""
    for number, (priority, minutes_ago) in enumerate((("P1", 5), ("P3", 5), ("P2", 5), ("P4", 60 * 24 * 4)), start=1):
        case = sample(f"C-{number}")
        at = NOW - timedelta(minutes=minutes_ago)
        report = case.report
        assert report is not None
        judged = report.model_copy(update={"verdict": report.verdict.model_copy(update={"priority": priority})})
        store.save(case.model_copy(update={"report": judged, "created_at": at, "updated_at": at}))
    store.save(sample("C-5", investigated=False).model_copy(update={"created_at": NOW, "updated_at": NOW}))

    def ids(**asked: object) -> list[str]:
        return [line.id for line in store.list_cases(CaseQuery.model_validate({"now": NOW, **asked}))]

    assert ids() == ["C-4", "C-1", "C-3", "C-2", "C-5"]
    assert ids(sort="due") == ["C-4", "C-1", "C-3", "C-2", "C-5"]
    assert ids(sort="recent") == ["C-5", "C-3", "C-2", "C-1", "C-4"]
    assert ids(overdue=True) == ["C-4"]
    assert ids(overdue=False, limit=2, offset=1) == ["C-3", "C-2"]
    assert ids(priority=("P1", "P2")) == ["C-1", "C-3"]
    assert ids(since=NOW) == ["C-5"]


def test_queue_filters(store: CaseStore, sample: CaseFactory) -> None:
    """Each filter restricts by itself, and text is searched as text."""
    store.save(sample("C-1"))
    store.save(sample("C-2").model_copy(update={"tenant": "default", "world": "site", "title": "100% odd_name"}))
    store.take("C-2", "mei", NOW)

    def ids(**asked: object) -> set[str]:
        return {line.id for line in store.list_cases(CaseQuery.model_validate({"now": NOW, **asked}))}

    for asked, expected in (
        ({"tenant": "lab"}, {"C-1"}),
        ({"world": "site"}, {"C-2"}),
        ({"owner": "mei"}, {"C-2"}),
        ({"status": ("taken", "closed")}, {"C-2"}),
        ({"disposition": ("true_positive",)}, {"C-1", "C-2"}),
        ({"text": "MANY FAILED"}, {"C-1"}),
        ({"text": "100%"}, {"C-2"}),
        ({"text": "d_n"}, {"C-2"}),
        ({"text": "0_o"}, set()),
        ({"text": "t1078"}, {"C-1", "C-2"}),
        ({"rule_id": "idp-spray"}, {"C-1", "C-2"}),
        ({"rule_id": "other"}, set()),
    ):
        assert ids(**asked) == expected, asked


def test_line_of_the_queue_says_what_matters(store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory) -> None:
    """Without loading any evidence."""
    saved = store.save(sample())
    duplicate = store.find_duplicate("lab", sample_alert(2))
    assert duplicate is not None
    store.count_duplicate(duplicate, NOW)
    (line,) = store.list_cases(CaseQuery(now=NOW))
    assert (line.alerts, line.repeats, line.overdue, line.priority) == (1, 1, True, "P1")
    assert (line.techniques, line.due_at) == (("T1110.003", "T1078", "T1114.003"), saved.due_at)


def test_a_person_takes_notes_closes_and_reopens(store: CaseStore, sample: CaseFactory) -> None:
    """The machine's verdict stays beside the person's, and every closing is kept."""
    store.save(sample())
    taken = store.take("C-1", "mei", NOW)
    assert (taken.status, taken.owner) == ("taken", "mei")
    closed = store.close("C-1", verdict())
    assert closed.report is not None
    assert closed.human is not None
    assert (closed.status, closed.report.verdict.disposition) == ("closed", "true_positive")
    store.add_note("C-1", "mei", "afterthought", NOW)
    reopened = store.reopen("C-1", "jo", "new alert", NOW + timedelta(hours=2))
    assert (reopened.status, reopened.owner, reopened.human) == ("open", None, None)
    assert reopened.due_at == NOW + timedelta(hours=2, minutes=15)
    assert [note.text for note in reopened.notes] == ["afterthought", "new alert"]
    store.close("C-1", verdict("jo", NOW + timedelta(hours=3)))
    assert store.get("C-1").human == verdict("jo", NOW + timedelta(hours=3))
    assert [event.kind for event in store.events()] == ["opened", "taken", "closed", "noted", "reopened", "closed"]


def test_every_closing_is_kept_once(store: CaseStore, sample: CaseFactory, tmp_path: Path) -> None:
    """Saving a closed case again does not count its verdict twice; reopening does not lose it."""
    store.save(sample())
    store.close("C-1", verdict())
    store.add_note("C-1", "mei", "x", NOW)
    store.reopen("C-1", "mei", "again", NOW)
    store.close("C-1", verdict(at=NOW + timedelta(minutes=1)))
    db = sqlite3.connect(tmp_path / "new folder" / "cases.db")
    assert db.execute("SELECT count(*) FROM human_verdicts").fetchone() == (2,)
    db.close()


def test_refused_change_leaves_the_case_alone(store: CaseStore, sample: CaseFactory) -> None:
    """A rule of the lifecycle holds in the store as well."""
    saved = store.save(sample())
    with pytest.raises(CaseStateError):
        store.reopen("C-1", "mei", "why not", NOW)
    assert store.get("C-1") == saved


def test_events_can_be_followed(store: CaseStore, sample: CaseFactory) -> None:
    """Whoever remembers a number gets what came after it, of their own tenant."""
    store.save(sample("C-1"))
    store.save(sample("C-2").model_copy(update={"tenant": "default", "world": "site"}))
    store.add_note("C-1", "mei", "x", NOW)
    first = store.events(limit=1)[0]
    assert [(event.case_id, event.kind) for event in store.events(after=first.seq)] == [
        ("C-2", "opened"),
        ("C-1", "noted"),
    ]
    assert [event.case_id for event in store.events(tenant="default")] == ["C-2"]


def test_due_times_are_the_operators(tmp_path: Path, sample: CaseFactory) -> None:
    """Settings decide, the store does the sum; a rising priority brings the time forward, never back."""

    def due_in(priority: Priority) -> timedelta:
        return {"P1": timedelta(minutes=5)}.get(priority, timedelta(days=9))

    store = CaseStore(f"sqlite:///{tmp_path}/cases.db", due_in)
    saved = store.save(sample())
    assert saved.due_at == saved.updated_at + timedelta(minutes=5)
    report = saved.report
    assert report is not None
    calmer = report.model_copy(update={"verdict": report.verdict.model_copy(update={"priority": "P4"})})
    assert store.save(saved.model_copy(update={"report": calmer})).due_at == saved.due_at
    store.dispose()


def test_metrics_count_what_people_confirmed(store: CaseStore, sample: CaseFactory) -> None:
    """A rule's false-positive rate leaves authorised activity out; another tenant and open cases do not enter."""
    decided = (
        ("false_positive", "rule_logic"),
        ("true_positive", "confirmed_attack"),
        ("true_positive", "confirmed_attack"),
        ("benign_true_positive", "admin_work"),
    )
    for number, (disposition, reason) in enumerate(decided, start=1):
        store.save(sample(f"C-{number}"))
        human = {"at": NOW, "author": "mei", "disposition": disposition, "reason_code": reason}
        store.close(f"C-{number}", HumanVerdict.model_validate(human))
    store.save(sample("C-5"))
    store.save(sample("C-6").model_copy(update={"tenant": "default"}))

    metrics = store.metrics("lab", NOW)

    assert (metrics.cases, metrics.confirmed, metrics.agreements, metrics.overdue) == (5, 4, 2, 1)
    assert metrics.by_status == {"closed": 4, "open": 1}
    assert metrics.by_disposition == {"true_positive": 5}
    (rule,) = metrics.rules
    assert (rule.cases, rule.confirmed, rule.disagreements) == (5, 4, 2)
    assert rule.false_positive_rate == pytest.approx(1 / 3)
    assert store.metrics("default", NOW).rules[0].false_positive_rate is None


def test_text_that_no_database_can_hold_is_kept_visibly(
    store: CaseStore, sample: CaseFactory, sample_alert: AlertFactory
) -> None:
    """A lone surrogate in a raw alert must not cost the case."""
    alert = sample_alert().model_copy(update={"raw": {"x": "a\ud800b"}})
    store.save(sample(alert=alert))
    assert store.get("C-1").alerts[0].raw == {"x": "a\\ud800b"}


def test_migrations_lead_to_the_tables_the_code_uses(tmp_path: Path) -> None:
    """A column added to the code without a migration would break every existing installation."""
    CaseStore(f"sqlite:///{tmp_path}/cases.db").dispose()
    engine = create_engine(f"sqlite:///{tmp_path}/cases.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Going back must not write old rows into new tables."""
    CaseStore(f"sqlite:///{tmp_path}/cases.db").dispose()
    db = sqlite3.connect(tmp_path / "cases.db")
    db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        CaseStore(f"sqlite:///{tmp_path}/cases.db")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/none/cases.db"])
def test_store_that_cannot_be_opened_says_which(url: str) -> None:
    """The message names the url."""
    with pytest.raises(StoreError, match=url):
        CaseStore(url)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Instead of a traceback from three libraries down."""
    (tmp_path / "cases.db").write_text("this is not a database at all, just text " * 50)
    with pytest.raises(StoreError, match=r"cases\.db"):
        CaseStore(f"sqlite:///{tmp_path}/cases.db")


def test_stores_opened_at_once_make_one_schema(tmp_path: Path) -> None:
    """Two processes on a fresh home race for the first migration."""
    failures: list[Exception] = []

    def open_one() -> None:
        try:
            CaseStore(f"sqlite:///{tmp_path}/cases.db").dispose()
        except StoreError as error:
            failures.append(error)

    workers = [threading.Thread(target=open_one) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
