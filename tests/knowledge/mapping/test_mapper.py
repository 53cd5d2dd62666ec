"""Text to techniques."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.attack import find_technique
from knowledge.errors import DocumentError, StoreError
from knowledge.mapping import (
    AttackTexts,
    Mapper,
    TechniqueText,
    fit_mapper,
    load_mapper,
    read_attack_texts,
    retrieval_mapper,
    save_mapper,
)
from tests.knowledge.mapping.attack_folder import TECHNIQUES, write_attack

SHADOWS = "the attacker deleted all shadow copies with vssadmin.exe"


@pytest.fixture
def mapper(tmp_path: Path) -> Mapper:
    """Fitted on the small ATT&CK."""
    return fit_mapper(read_attack_texts(write_attack(tmp_path)))


def test_text_in_other_words_finds_its_technique_and_says_by_which(mapper: Mapper) -> None:
    """`deleted` for `delete`, `vssadmin.exe` for `vssadmin`; words of no weight are no reason."""
    first, *rest = mapper.map(SHADOWS)

    assert (first.technique_id, first.name) == ("T1490", "Inhibit System Recovery")
    assert {"vssadmin.exe", "shadow", "copies"} <= set(first.why)
    assert "the" not in first.why
    assert "attacker" not in first.why
    assert all(one.score <= first.score for one in rest)


def test_only_techniques_that_exist_are_answered_under_their_whole_names(mapper: Mapper) -> None:
    """The revoked one of the examples comes back as what replaced it."""
    found = mapper.map("spearphishing emails, credentials from LSASS memory, downloads of tools", limit=9)

    assert {one.technique_id for one in found} == set(TECHNIQUES)
    assert "OS Credential Dumping: LSASS Memory" in {one.name for one in found}
    assert all(0 <= one.score <= 1 for one in found)


def test_text_without_a_known_word_is_mapped_to_nothing(mapper: Mapper) -> None:
    """An honest answer; a guess would be taken for knowledge."""
    assert mapper.map("") == ()
    assert mapper.map("的了 !!! xyzzy") == ()


def test_kept_mapper_answers_the_same(mapper: Mapper, tmp_path: Path) -> None:
    """The numbers are kept short; no ranking may change by it."""
    save_mapper(mapper, tmp_path)
    loaded = load_mapper(tmp_path)

    assert loaded is not None
    assert loaded.fitted
    assert [one.technique_id for one in loaded.map(SHADOWS)] == [one.technique_id for one in mapper.map(SHADOWS)]
    assert loaded.map(SHADOWS)[0].why == mapper.map(SHADOWS)[0].why
    assert np.allclose(loaded.scores(SHADOWS), mapper.scores(SHADOWS), atol=0.01)


def test_broken_or_other_files_are_refused_and_a_missing_one_is_none(mapper: Mapper, tmp_path: Path) -> None:
    """A file of another version would answer wrongly without a word."""
    assert load_mapper(tmp_path / "nowhere") is None

    path = save_mapper(mapper, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="fit it again"):
        load_mapper(tmp_path)

    path.write_bytes(whole)
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed["about"] = np.frombuffer(
        changed["about"].tobytes().replace(b'"version": ', b'"version": 9'), dtype=np.uint8
    )
    np.savez(path, **changed)
    with pytest.raises(StoreError, match="another version"):
        load_mapper(tmp_path)


def test_unfitted_mapper_looks_up_shipped_names() -> None:
    """Without an ATT&CK source there are only names; what fits none is answered by nothing."""
    mapper = retrieval_mapper()

    assert not mapper.fitted
    assert mapper.map("LSASS memory dump of credentials")[0].technique_id == "T1003.001"
    assert all(find_technique(one.technique_id) for one in mapper.map("password spraying against the VPN"))
    assert mapper.map("the weather in Paris is fine today") == ()
    with pytest.raises(StoreError, match="only a fitted mapper"):
        save_mapper(mapper, Path("nowhere"))


def test_unfitted_mapper_reads_descriptions_when_there_are_some() -> None:
    """Documents of ATT&CK that were imported say more than names."""
    techniques = [
        TechniqueText("T1490", "Inhibit System Recovery", "Deletes shadow copies"),
        TechniqueText("T1105", "X", "Y"),
    ]

    assert retrieval_mapper(techniques).map("shadow copies deleted")[0].technique_id == "T1490"


def test_descriptions_alone_are_not_enough_for_a_fit() -> None:
    """It would be called fitted and know no use of any technique."""
    with pytest.raises(DocumentError, match="no procedure examples"):
        fit_mapper(AttackTexts((TechniqueText("T1", "a", "b"),), (), {}))
