"""A closed case as an eval: other names, the same verdict, what the person said expected."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from agent.models import Case, Disposition, HumanVerdict
from agent.playbooks.format import Proof, Reading, load_playbooks
from agent.replay.recorded import RecordedBrain
from evals.errors import DataBrokenError, DataMissingError, NotFrozenError
from evals.frozen.format import CASE, EVIDENCE, candidates_of, read_frozen
from evals.frozen.freezing import freeze, text_in
from evals.pipeline import lab_pipeline
from evals.report import FrozenReport, markdown
from evals.runner import Request, run_suite
from knowledge.trust.canonical import sha256_of
from servers.lab.population import build
from tests.labs import lab_at

SEED = 11
PLAYBOOKS = load_playbooks()
FAMILIES = (
    ("password_spray", "attack"),
    ("phishing_macro", "benign_twin"),
    ("web_shell", "attack"),
    ("malware_workstation", "benign_twin"),
    ("ransomware_precursor", "attack_killed_sensor"),
    ("dns_exfiltration", "attack_beside_authorised"),
    ("admin_share", "benign_twin"),
    ("impossible_travel", "attack"),
    ("mass_download", "sensor_blind"),
    ("cloud_key", "benign_twin"),
)
"""Every family of the lab once, all kinds among them."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Cases of the lab and the folder they were frozen to, in the same order."""

    cases: tuple[Case, ...]
    folders: tuple[Path, ...]
    root: Path


def closed(case: Case, disposition: Disposition | None = None) -> Case:
    """The case as a person closed it, by the machine's word or another."""
    assert case.report is not None
    said = disposition or case.report.verdict.disposition
    reason = "confirmed_attack" if said == "true_positive" else "admin_work"
    human = HumanVerdict(at=datetime.now(UTC), author="Dana Reviewer", disposition=said, reason_code=reason)
    return case.model_copy(update={"status": "closed", "human": human})


async def investigated_cases(home: Path) -> tuple[Case, ...]:
    lab_at(home / "lab.db", SEED, FAMILIES)
    async with lab_pipeline(home, home / "lab.db") as pipeline:
        return tuple([await pipeline.handle(raw) for raw in await pipeline.new_alerts()])


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("frozen")
    cases = asyncio.run(investigated_cases(home))
    folders = tuple(asyncio.run(freeze(closed(case), root, PLAYBOOKS)) for case in cases)
    return Frozen(cases, folders, root)


def ended_as(frozen: Frozen, disposition: str, alert_class: str = "") -> Case:
    """The first case that the machine ended so."""
    return next(
        case
        for case in frozen.cases
        if case.report
        and case.report.verdict.disposition == disposition
        and alert_class in ("", case.report.alert_class)
    )


def left_behind(folder: Path) -> list[str]:
    """What lies in a folder that is no frozen case."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".") or not (path / CASE).is_file()]


def real_names() -> Iterator[str]:
    """Everything in the lab that a person or a machine goes by."""
    enterprise = build(SEED)
    for person in enterprise.people:
        yield from (person.name, person.email)
    for account in enterprise.accounts:
        yield from (account.name, account.sid, *account.devices)
    for host in enterprise.hosts:
        yield from (host.name, host.id, host.ip, host.mac)
    yield from enterprise.keys.values()
    yield from ("halden", "Dana Reviewer")


@pytest.mark.thorough
def test_no_real_name_is_anywhere_in_a_frozen_case(frozen: Frozen) -> None:
    """The folder is made to be handed on: people, accounts, machines, addresses and ids are all other ones."""
    names = "|".join(map(re.escape, sorted(set(real_names()), key=len, reverse=True)))
    known = re.compile(rf"(?<![A-Za-z0-9.])(?:{names})(?![A-Za-z0-9]|\.\d)", re.IGNORECASE)

    assert len(frozen.folders) == len(FAMILIES)
    for folder in frozen.folders:
        assert known.findall(text_in(folder)) == []


@pytest.mark.thorough
@pytest.mark.thorough
async def test_every_family_ends_as_it_did_before_it_was_frozen(frozen: Frozen) -> None:
    """An eval that hangs on a name would measure the names."""
    report = await run_suite(str(frozen.root), Request())

    assert isinstance(report, FrozenReport)
    assert (report.n, report.as_then, report.unanswered) == (len(FAMILIES),) * 2 + (0,)
    assert report.as_expected.hits == len(FAMILIES)
    assert {row.disposition for row in report.cases} >= {"true_positive", "benign_true_positive", "needs_human"}
    for case, folder in zip(frozen.cases, frozen.folders, strict=True):
        described, stored = read_frozen(folder)
        assert case.report is not None
        assert described.then.likelihood == case.report.verdict.likelihood
        assert len(stored.answers) == len(case.evidence) - 1


@pytest.mark.thorough
async def test_frozen_decisions_are_played_back_under_the_other_names(frozen: Frozen) -> None:
    """What a brain decided about the case stays comparable."""
    report = await run_suite(str(frozen.root), Request(brain_of=RecordedBrain.of))

    assert isinstance(report, FrozenReport)
    assert report.as_then == len(FAMILIES)
    assert not any(row.fell_back for row in report.cases)


@pytest.mark.thorough
async def test_person_who_says_otherwise_is_what_is_expected(frozen: Frozen, tmp_path: Path) -> None:
    """The machine's own word would be an easy examiner."""
    case = ended_as(frozen, "benign_true_positive")
    await freeze(closed(case, "true_positive"), tmp_path, PLAYBOOKS)

    report = await run_suite(str(tmp_path), Request())

    assert isinstance(report, FrozenReport)
    assert (report.attacks_closed, report.as_expected.hits) == (1, 0)
    assert report.confusion == {
        "true_positive": {
            "true_positive": 0,
            "benign_true_positive": 1,
            "false_positive": 0,
            "needs_human": 0,
            "not_evaluable": 0,
        }
    }
    assert "- attacks closed: 1" in markdown(report)


@pytest.mark.thorough
async def test_freezing_twice_gives_other_names(frozen: Frozen, tmp_path: Path) -> None:
    """A key that came again would let two folders be held against each other, name by name."""
    case = closed(frozen.cases[0])

    first, second = [await freeze(case, tmp_path, PLAYBOOKS, outsiders=True) for _ in range(2)]

    hosts = [read_frozen(folder)[1].alert.text("host.name") for folder in (first, second)]
    assert hosts[0] != hosts[1]
    assert left_behind(tmp_path) == []


async def test_open_case_and_one_without_a_verdict_are_refused(frozen: Frozen, tmp_path: Path) -> None:
    """Without a person's word there is nothing to expect."""
    with pytest.raises(NotFrozenError, match="close it with your verdict first"):
        await freeze(frozen.cases[0], tmp_path, PLAYBOOKS)
    with pytest.raises(NotFrozenError):
        await freeze(closed(frozen.cases[0]).model_copy(update={"human": None}), tmp_path, PLAYBOOKS)
    assert left_behind(tmp_path) == []


async def test_secret_is_masked_and_hashes_are_of_what_is_kept(frozen: Frozen, tmp_path: Path) -> None:
    """A folder that is handed on holds no password, and its evidence can still be checked."""
    case = ended_as(frozen, "benign_true_positive")
    changed = [
        item.model_copy(update={"data": {**item.data, "note": "password=hunter2hunter2"}})
        if isinstance(item.data, dict) and item.tool == "assets_list_authorised_work"
        else item
        for item in case.evidence
    ]

    folder = await freeze(closed(case.model_copy(update={"evidence": tuple(changed)})), tmp_path, PLAYBOOKS)

    assert "hunter2" not in text_in(folder)
    answers = read_frozen(folder)[1].answers
    assert any("masked" in item.model_dump_json() for item in answers)
    assert all(item.sha256 == sha256_of(item.data) for item in answers)


async def test_case_that_hangs_on_a_name_is_refused(frozen: Frozen, tmp_path: Path) -> None:
    """Under another name it would be another case, and its expected verdict would be wrong."""
    case = ended_as(frozen, "false_positive", "phishing_execution")
    alert = case.alerts[0]
    named = Reading(
        id="here", equals="$.processes[0]['host.name']", value=alert.text("host.name"), sentence="x",
        weights={"intrusion": 3}, techniques=(),
    )  # fmt: skip
    playbook = PLAYBOOKS["phishing_execution"]
    questions = tuple(
        item.model_copy(update={"readings": (*item.readings, named)}) if item.id == "children" else item
        for item in playbook.questions
    )
    proof = Proof(hypothesis="intrusion", readings=("here",))
    hanging = playbook.model_copy(update={"questions": questions, "proofs": (*playbook.proofs, proof)})

    with pytest.raises(NotFrozenError, match="under other names it ends otherwise"):
        await freeze(closed(case), tmp_path, {**PLAYBOOKS, "phishing_execution": hanging})

    assert left_behind(tmp_path) == []


def test_faulty_folder_is_told_with_file_and_line(frozen: Frozen, tmp_path: Path) -> None:
    """Whoever edits a frozen case by hand wants to know where it went wrong."""
    with pytest.raises(DataMissingError, match="mcpsoc cases freeze"):
        candidates_of(tmp_path)
    (tmp_path / "one").mkdir()
    content = yaml.safe_load((frozen.folders[0] / CASE).read_text("utf-8"))
    (tmp_path / "one" / CASE).write_text(yaml.safe_dump(content | {"expected": "harmless"}), encoding="utf-8")
    with pytest.raises(DataBrokenError, match=r"case\.yaml: expected"):
        candidates_of(tmp_path)
    (tmp_path / "one" / CASE).write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "one" / EVIDENCE).write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataBrokenError, match=r"evidence\.jsonl:1"):
        candidates_of(tmp_path)


@pytest.mark.parametrize("content", [b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", b"\xff\xfe", b"[" * 9000])
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """Nine lines of references to references are a thousand million values once they are read out."""
    (tmp_path / "case.yaml").write_bytes(content)
    with pytest.raises(DataBrokenError, match=r"case\.yaml"):
        read_frozen(tmp_path)
