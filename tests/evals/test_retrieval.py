"""The suite `retrieve-attack`."""

import gzip
from math import inf
from pathlib import Path

import numpy as np
import pytest

from evals.errors import DataBrokenError, DataMissingError
from evals.report import markdown
from evals.runner import Request, run_suite
from evals.suites.retrieval import RetrievalReport, figures, is_held_out, place_of, split
from knowledge.mapping import read_attack_texts
from tests.knowledge.mapping.attack_folder import write_attack, write_lines

LABELLED = (
    {"text": "It deletes shadow copies with vssadmin", "label": "T1490", "doc_title": "A report"},
    {"text": "Phishing emails with Word attachments were sent", "label": "T1193", "doc_title": "A report"},
    {"text": "Nobody knows", "label": "T4242", "doc_title": "A report"},
)


async def test_sentences_are_ranked_by_a_mapper_that_saw_no_held_out_example(tmp_path: Path) -> None:
    """The whole way: revoked labels count as what replaced them, unknown ones are told and left out."""
    write_lines(tmp_path / "single_label.jsonl.gz", LABELLED)
    told: list[str] = []

    report = await run_suite(
        "retrieve-attack", Request(data=tmp_path, attack=write_attack(tmp_path), progress=told.append)
    )

    assert isinstance(report, RetrievalReport)
    assert (report.n, report.recall_at_5, report.mrr, report.replaced_labels) == (2, 1.0, 1.0, 1)
    assert report.bm25.recall_at_5 == 1.0
    assert report.fitted_on + report.held_out.n == 8
    assert [line.partition(": ")[2] for line in report.broken] == ["no technique T4242"]
    assert report.broken[0] in told
    assert "| labelled | 2 | mapper | 1 | 1 | 1 |" in markdown(report)


def test_an_actor_is_either_in_the_fit_or_left_out(tmp_path: Path) -> None:
    """What is told of one campaign is told in like words; half of it would give the other half away."""
    texts = read_attack_texts(write_attack(tmp_path))
    told, left_out = split(texts)

    assert not {e.entity for e in told.examples} & {e.entity for e in left_out}
    assert len(told.examples) + len(left_out) == len(texts.examples)
    assert 80 < sum(is_held_out(f"S{number:04}") for number in range(1000)) < 120


def test_places_count_against_the_ranking_where_scores_are_equal() -> None:
    """A ranking that says nothing must not look like one that knows."""
    scores = np.array([0.5, 0.5, 0.9, 0.0], dtype=np.float32)

    assert [place_of(place, scores) for place in range(4)] == [3, 3, 1, inf]


def test_figures_are_those_of_the_definitions() -> None:
    """Worked out by hand for places 1, 3, 6, 11 and none."""
    found = figures([1, 3, 6, 11, inf])

    assert found.recall_at_5 == 0.4
    assert found.ndcg_at_10 == pytest.approx((1 + 0.5 + 0.3562) / 5, abs=1e-4)
    assert found.mrr == pytest.approx((1 + 1 / 3 + 1 / 6 + 1 / 11) / 5, abs=1e-4)
    assert figures([]).mrr is None


async def test_missing_and_broken_sources_are_named(tmp_path: Path) -> None:
    """Before a minute is spent on a fit."""
    with pytest.raises(DataMissingError, match="--attack DIR"):
        await run_suite("retrieve-attack", Request(data=tmp_path))
    with pytest.raises(DataMissingError, match="no folder of ATT&CK"):
        await run_suite("retrieve-attack", Request(data=tmp_path, attack=tmp_path / "none"))
    with pytest.raises(DataBrokenError, match=r"no techniques\.jsonl"):
        await run_suite("retrieve-attack", Request(data=tmp_path, attack=tmp_path))
    write_attack(tmp_path)
    with pytest.raises(DataMissingError, match="no labelled sentences"):
        await run_suite("retrieve-attack", Request(data=tmp_path, attack=tmp_path))
    (tmp_path / "single_label.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 50)[:-9])
    with pytest.raises(DataBrokenError, match="cannot be read"):
        await run_suite("retrieve-attack", Request(data=tmp_path, attack=tmp_path))
