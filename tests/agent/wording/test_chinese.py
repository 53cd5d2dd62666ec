"""Everything the analyst says of a case can be said in Chinese: no template is missing, no slot is lost."""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from agent.investigation.context import context_questions
from agent.investigation.values import Value
from agent.models import Provenance
from agent.playbooks.format import PLACEHOLDER, Question, Reading, load_playbooks
from agent.wording import localised
from agent.wording.catalogue import SLOT, parts, translations, translations_in
from agent.wording.retelling import retold

ROOT = Path(__file__).parents[3]
PLAYBOOKS = {playbook.name: playbook for playbook in load_playbooks().values()}
ZH = translations("zh")
KEPT = tuple(name for name in parts("zh") if name not in ("intents", "conversation"))
"""Files about what a case keeps; conversations have theirs."""
REASONING = (
    "agent/evidence/gates.py",
    "agent/evidence/telemetry.py",
    "agent/evidence/authorisation.py",
    "agent/evidence/near_misses.py",
    "agent/evidence/claims.py",
    "agent/investigation/looks.py",
    "agent/investigation/opening.py",
    "agent/investigation/counterfactual.py",
    "agent/investigation/own.py",
    "agent/cases/report/deciding.py",
    "agent/likelihood/rule.py",
    "agent/likelihood/weighing.py",
    "agent/likelihood/network.py",
)
"""Where sentences are written that a case keeps."""
ELSEWHERE = frozenset(
    {"'{}' was raised at {}", "; {} {}", "{} {}", "{}; {}", "{} ({})", "Register entry {entry} names the {} {second}."}
)
"""Pieces of sentences that are checked whole below, the name of a place, and two reasons of the tables in one."""


def test_every_word_of_a_playbook_has_its_chinese() -> None:
    """Hypotheses, questions, sentences and actions: a missing one would be an English line in a Chinese report."""
    said = [text for playbook in PLAYBOOKS.values() for text in _words((*playbook.questions, *playbook.beside))]
    said += [text for playbook in PLAYBOOKS.values() for text in _sentences_of(playbook.alert)]
    said += [hypothesis.text for playbook in PLAYBOOKS.values() for hypothesis in playbook.hypotheses]
    said += [action.why for playbook in PLAYBOOKS.values() for action in playbook.actions]
    said += [playbook.title for playbook in PLAYBOOKS.values()]

    assert [text for text in said if text not in ZH] == []


def test_every_question_asked_of_all_alerts_has_its_chinese() -> None:
    """They belong to no playbook."""
    names = ("host.name", "user.name", "source.ip")
    values = {name: Value("x", Provenance.SENSOR) for name in names}
    for playbook in PLAYBOOKS.values():
        assert [text for text in _words(context_questions(playbook, "malware", values)) if text not in ZH] == []


def test_alert_itself_is_told_whatever_it_names() -> None:
    """Host, account, source and destination may each be there or not."""
    named = ("host {host_name}", "account {user_name}", "source {source_ip}", "destination {destination_ip}")
    for count in range(len(named) + 1):
        for some in combinations(named, count):
            assert "; ".join(("'{value}' was raised at {time}", *some)) + "." in ZH


@pytest.mark.parametrize("dimension", ["actor", "source", "target"])
def test_every_dimension_of_a_register_entry_has_its_chinese(dimension: str) -> None:
    """The claim is written once for all of them."""
    assert f"Register entry {{entry}} names the {dimension} {{second}}." in ZH


def test_every_reason_of_the_weights_has_its_chinese() -> None:
    """The tables' reasons stand in every report."""
    for name in ("weights", "known_good"):
        table = yaml.safe_load((ROOT / f"agent/likelihood/{name}.yaml").read_text("utf-8"))
        reasons = {reason for part, node in table.items() if part != "severity" for reason in _reasons(node)}
        assert reasons
        assert sorted(reasons - set(ZH)) == []


@pytest.mark.parametrize("path", REASONING)
def test_every_sentence_the_code_writes_has_its_chinese(path: str) -> None:
    """Reasons of gates, gaps, looks and struck claims are written where they are decided."""
    known = {_shape(template) for template in ZH} | ELSEWHERE

    assert sorted(set(_sentences(path)) - known) == []


def test_no_translation_loses_a_slot_or_brings_a_number() -> None:
    """A claim whose sentence has a number of its own is struck."""
    for template, text in ((t, x) for name in KEPT for t, x in translations_in("zh", (name,)).items()):
        assert sorted(SLOT.findall(template)) == sorted(SLOT.findall(text)), template
        if SLOT.search(template) and "{reason}" not in template:
            assert not re.search(r"(?<![A-Za-z])\d", SLOT.sub("", text)), template


def test_number_of_an_answer_cut_short_is_told_as_a_least_one() -> None:
    """`at least` is put in when a case is investigated, so no file can have every such sentence."""
    assert localised("{source_ip} failed to sign in to at least {value} different accounts.", "zh") == (
        "{source_ip} 对 至少 {value} 个不同账户登录失败。"
    )


ENTRIES = (
    "no register entry fits (W-1: actor, target; W-2: time)",
    "没有相符的登记条目（W-1：行为者、目标；W-2：时间）",
)
CLASSED = (
    "attack_class: the vendor puts the rule into a class of attacks; level 7",
    "attack_class：厂商将该规则归入攻击类别；级别 7",
)
CONTAIN = (
    "Contain now, after approval: quarantine the file; isolate the host.",
    "经批准后立即遏制：隔离该文件；隔离该主机。",
)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("every required look was made", "所有必需的查看均已完成"),
        ("basis: full", "依据：完整"),
        ("state silent", "状态：静默"),
        ("state silent; nothing came since 2026-03-02T09:00:00Z", "状态：静默；自 2026-03-02T09:00:00Z 起没有任何记录"),
        ("ids: no product is connected (MCPSOC_IDS_BACKEND)", "ids：未连接任何产品（MCPSOC_IDS_BACKEND）"),
        ("state down; its newest record is of 2026-03-02", "状态：停机；最新记录的时间是 2026-03-02"),
        ("an error, which is no clean answer: timeout: 20 s; ask", "出错，不等于没有发现：timeout: 20 s; ask"),
        ("stale: feeds_stale: 1 of 2; fetch", "过时：feeds_stale: 1 of 2; fetch"),
        ("ids: its product does not offer ids_get_flow", "ids：其产品不提供 ids_get_flow"),
        ("files: it answers from a simulation", "files：其答复来自模拟环境"),
        ("error from ids, dns", "ids, dns 出错"),
        ("missing: E3, uploads: proxy did not cover the event", "缺少：E3、uploads：proxy 未覆盖该事件"),
        ENTRIES,
        CLASSED,
        CONTAIN,
    ],
)
def test_kept_sentence_is_told_by_the_template_it_was_made_from(english: str, chinese: str) -> None:
    """What is stored and signed stays English; what is shown is taken apart and said again."""
    assert retold(english, "zh") == chinese
    assert retold(english, "en") == english


@pytest.mark.parametrize(
    "text", ["", "timeout: the firewall took longer than 20 s", "a person's words", "E3 is what it is", "basis"]
)
def test_words_that_are_not_ours_stay_as_they_are(text: str) -> None:
    """An error of somebody's server is quoted, not half translated."""
    assert retold(text, "zh") == text


def _words(questions: tuple[Question, ...]) -> Iterator[str]:
    for question in questions:
        yield question.asks
        yield from _sentences_of(question.readings)


def _sentences_of(readings: tuple[Reading, ...]) -> Iterator[str]:
    for reading in readings:
        for sentence in reading.sentences:
            yield PLACEHOLDER.sub(lambda slot: f"{{{slot[1].replace('.', '_')}}}", sentence)


def _reasons(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(reason := node.get("because"), str):
            yield reason
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from _reasons(inner)


def _shape(template: str) -> str:
    """The template with every slot as `{}`."""
    return SLOT.sub("{}", template)


def _sentences(path: str) -> Iterator[str]:
    """Every text of a module that is a sentence: it has a space and is no docstring, field or path."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values).replace(
                "{{}}", "{}"
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside | alone:
            text = _shape(node.value)
        else:
            continue
        if " " in text.strip() and re.search(r"[a-z]|\{\}", text):
            yield text
