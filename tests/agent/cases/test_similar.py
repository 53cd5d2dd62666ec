"""Cases that are alike, and cases that name a thing: found by what they share, told with why."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cases import CaseStore
from agent.cases.queries import CaseQuery
from agent.cases.resemblance import ending, reasons
from agent.cases.similar import LEAST, Shared, similar
from agent.models import Alert, AlertField, Case, HumanVerdict, Provenance

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
CaseFactory = Callable[..., Case]
AlertFactory = Callable[..., Alert]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    """An empty store."""
    opened = CaseStore(f"sqlite:///{tmp_path}/cases.db")
    yield opened
    opened.dispose()


@pytest.fixture
def other(sample: CaseFactory, sample_alert: AlertFactory) -> CaseFactory:
    """A case of another rule about another source and host; `named` are fields it has instead."""

    def make(case_id: str, technique: str = "T1486", **named: str) -> Case:
        values = {"source.ip": "198.51.100.1", "host.name": "app-19"} | {
            name.replace("_", "."): value for name, value in named.items()
        }
        alert = sample_alert(fingerprint=f"f-{case_id}")
        rule = alert.rule.model_copy(update={"id": "r-2", "name": "Shadow copies deleted"})
        fields = tuple(
            AlertField(name=name, value=value, provenance=Provenance.SENSOR, path=f"$['{name}']")
            for name, value in values.items()
        )
        alert = alert.model_copy(update={"rule": rule, "fields": fields, "techniques": (technique,)})
        return sample(case_id, alert=alert, investigated=False)

    return make


def test_cases_of_one_rule_and_source_are_alike_and_say_why(sample: CaseFactory, other: CaseFactory) -> None:
    """A bare score helps nobody."""
    others = [sample("C-2"), other("C-3")]

    found = similar(sample("C-1"), others)

    assert [item.id for item in found] == ["C-2"]
    assert {shared.kind for shared in found[0].why} == {"entity", "rule", "technique", "sequence", "class"}
    assert "address:203.0.113.77" in {shared.value for shared in found[0].why}
    assert found[0].score > 0.7


def test_one_technique_in_common_makes_no_likeness(sample: CaseFactory, other: CaseFactory) -> None:
    """Half of all attacks use valid accounts."""
    assert similar(sample("C-1"), [other("C-2", technique="T1110.003")]) == ()


def test_what_every_case_has_says_little(sample: CaseFactory, other: CaseFactory) -> None:
    """A scanner that is in all cases ties none of them together as firmly as a host that is in two."""
    mine = other("C-0", host_name="scanner")
    rare = similar(mine, [other("C-1", host_name="scanner", source_ip="192.0.2.1")])[0]
    crowd = [other(f"C-{n}", host_name="scanner", source_ip=f"192.0.2.{n}") for n in range(1, 9)]

    assert all(LEAST <= item.score < rare.score for item in similar(mine, crowd))


def test_similar_case_tells_how_a_person_closed_it(store: CaseStore, sample: CaseFactory) -> None:
    """What became of it is the reason to look."""
    store.save(sample("C-1"))
    store.save(sample("C-2"))
    human = HumanVerdict(at=NOW, author="mei", disposition="true_positive", reason_code="confirmed_attack")
    store.close("C-2", human)

    found = store.similar("C-1", "lab")

    assert [(item.id, item.status, item.human_disposition, item.closed_at) for item in found] == [
        ("C-2", "closed", "true_positive", NOW)
    ]


def test_case_of_another_tenant_is_never_similar(store: CaseStore, sample: CaseFactory) -> None:
    """The lab never enters a site's recall."""
    store.save(sample("C-1"))
    store.save(sample("C-2").model_copy(update={"tenant": "default"}))

    assert store.similar("C-1", "lab") == ()


@pytest.mark.parametrize(
    ("entity", "kind", "expected"),
    [
        ("VPN-GW-01", None, [("C-1", ("host.name",), True)]),
        ("vpn-gw-01.corp.example", "host", [("C-1", ("host.name",), True)]),
        ("app-1", "host", [("C-2", ("host.name",), False)]),
        ("203.0.113.77", "address", [("C-1", ("source.ip",), True)]),
        ("203.0.113.77", "host", []),
        ("203.0.113.7", "address", [("C-1", ("source.ip",), False)]),
        ("CORP\\m.ortiz", "account", [("C-2", ("user.name",), True)]),
        ("%", None, []),
        ("ap", "host", []),
    ],
)
def test_case_is_found_by_what_its_alerts_name(
    store: CaseStore,
    sample: CaseFactory,
    other: CaseFactory,
    entity: str,
    kind: str | None,
    expected: list[tuple[str, tuple[str, ...], bool]],
) -> None:
    """Whole names in any spelling, parts of names, and never by a letter or a wildcard."""
    store.save(sample("C-1"))
    store.save(other("C-2", user_name="CORP\\m.ortiz"))

    found = store.naming("lab", entity, kind)

    assert [(item.case_id, item.fields, item.exact) for item in found] == expected
    assert store.naming("default", entity, kind) == ()


def test_name_with_a_domain_is_found_without_it(store: CaseStore, other: CaseFactory) -> None:
    """People say m.ortiz, products say CORP and m.ortiz."""
    store.save(other("C-2", user_name="CORP\\m.ortiz"))

    assert [(item.case_id, item.exact) for item in store.naming("lab", "m.ortiz", "account")] == [("C-2", True)]


def test_cases_are_counted_whatever_the_page(store: CaseStore, sample: CaseFactory, other: CaseFactory) -> None:
    """A total that is the length of the page would be a lie."""
    store.save(sample("C-1"))
    store.save(other("C-2"))
    store.take("C-2", "mei", NOW)

    counts = store.count(CaseQuery(now=NOW, tenant="lab", limit=1))

    assert (counts.total, counts.by_status, counts.by_priority) == (2, {"open": 1, "taken": 1}, {"P1": 1})
    assert store.count(CaseQuery(now=NOW, ids=("C-2",))).total == 1
    assert store.count(CaseQuery(now=NOW, ids=())).total == 0


def test_changes_since_a_time_come_in_order_with_their_title(store: CaseStore, sample: CaseFactory) -> None:
    """Whoever comes back asks for what happened meanwhile, by time and not by number."""
    saved = store.save(sample("C-1"))
    later = saved.updated_at + timedelta(hours=1)
    store.take("C-1", "mei", later)
    store.add_note("C-1", "mei", "called", later)

    first, total = store.changes("lab", later, limit=1)
    rest, _ = store.changes("lab", later, limit=1, offset=1)

    assert total == 2
    assert [change.event.kind for change in (*first, *rest)] == ["taken", "noted"]
    assert first[0].title == saved.title
    assert store.changes("default", later) == ((), 0)


def test_why_and_ending_are_told_in_words(sample: CaseFactory) -> None:
    """Whoever reads it should not have to know our kinds."""
    human = HumanVerdict(at=NOW, author="mei", disposition="true_positive", reason_code="confirmed_attack")
    found = similar(sample("C-1"), [sample("C-2").model_copy(update={"human": human, "status": "closed"})])[0]
    judged, open_still = found, found.model_copy(update={"human_disposition": None, "disposition": None})

    assert "the address 203.0.113.77" in reasons(found)
    assert "the technique T1110.003" in reasons(found)
    assert any(text.startswith("the same steps in the same order: ") and " → " in text for text in reasons(found))
    assert ending(judged) == "It was an attack, says the person who closed it."
    assert ending(judged.model_copy(update={"human_disposition": None})).endswith("the machine, not yet a person.")
    assert ending(open_still) == "It has not been judged yet."
    assert "地址 203.0.113.77" in reasons(found, "zh")
    assert ending(judged, "zh") == "关闭该案件的人员认定：这是一次攻击。"


def test_hostile_name_in_a_reason_is_inert(sample: CaseFactory) -> None:
    """Rules and accounts may be named by an attacker."""
    found = similar(sample("C-1"), [sample("C-2")])[0]
    hostile = found.model_copy(update={"why": (Shared(kind="rule", value="a\u202eb\x1b[31m {value}"),)})

    assert reasons(hostile) == ("the rule “a\\u{202e}b\\x1b[31m {value}”",)


def test_case_of_another_world_in_the_same_tenant_is_never_similar(store: CaseStore, sample: CaseFactory) -> None:
    """What the lab played says nothing about the site."""
    store.save(sample("C-1"))
    store.save(sample("C-2").model_copy(update={"world": "site"}))

    assert store.similar("C-1", "lab") == ()
