"""The tables themselves: complete, capped, and safe to run on hostile text."""

from time import perf_counter

import pytest

from agent.intake.attack import attack_table
from agent.likelihood import likelihood
from agent.likelihood.weights import Sign, compiled, known_good, weights
from agent.models import Contribution

SIGNS = (*weights().process_intent.signs, *weights().network.signs)


def test_groups_are_capped_whoever_formed_them() -> None:
    """One event counted twice would look like two."""
    many = [Contribution(group="process_intent", weight=2.0, reason="r")] * 5
    assert likelihood(many) == likelihood(many[:1])
    assert likelihood([Contribution(group="rule", weight=-9, reason="r")]) == pytest.approx(0.1192, abs=1e-3)


def test_every_sign_has_its_reason_and_its_own_name() -> None:
    """The sum is read by people."""
    assert all(sign.because for sign in SIGNS)
    assert len({sign.id for sign in SIGNS}) == len(SIGNS)


def test_every_tactic_has_a_stage() -> None:
    """A tactic without one would silently count as unknown."""
    tactics = {tactic for names in attack_table().tactics.values() for tactic in names}
    assert tactics == set(weights().severity.stages)
    assert set(weights().rule.late_tactics) <= tactics


def test_tools_are_never_trusted_hosts() -> None:
    """A name in both lists would excuse the tool."""
    programs = weights().programs
    assert not programs.system_hosts & (programs.tools | programs.shells | programs.script_hosts)


def test_inert_words_are_no_programs() -> None:
    """A word on the list that Windows would run is a hole in the total match."""
    programs = weights().programs
    known = {name.removesuffix(".exe") for name in programs.tools | programs.shells | programs.system_hosts}
    assert not known & known_good().inert.words
    assert not {"iex", "iwr", "invoke-expression", "start-process", "start-job", "."} & known_good().inert.commands


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.id)
def test_no_pattern_explodes_on_hostile_text(sign: Sign) -> None:
    """The patterns run on 32 kB that an attacker wrote."""
    texts = [
        "a" * 32_000,
        " " * 32_000,
        "cmd " * 8_000,
        "reg add " * 4_000,
        "'+'" * 10_000,
        "rundll32 " * 3_500,
        "\\a" * 16_000,
    ]
    started = perf_counter()
    for text in texts:
        for pattern in sign.all_of:
            compiled(pattern).search(text)
    assert perf_counter() - started < 3


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.id)
def test_no_pattern_asks_where_a_text_ends(sign: Sign) -> None:
    """`$` would let one more token take the sign away."""
    for pattern in sign.all_of:
        unescaped = pattern.replace("\\$", "").replace("[a-z0-9_$-]", "").replace("\\\\", "")
        assert not unescaped.endswith("$")
        assert "$)" not in unescaped
        assert "$|" not in unescaped
