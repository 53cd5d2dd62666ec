"""What a text is found by."""

import pytest

from knowledge.glossary import terms
from knowledge.tokens import language_of, tokens


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [
        ("T1110.003", "t1110.003", "t1110"),
        ("CVE-2024-1234", "cve-2024-1234", "2024"),
        ("powershell.exe", "powershell.exe", "powershel"),
        ("10.1.2.3", "10.1.2.3", "10.1.2"),
        ("event 4625", "4625", "event"),
        ("sign-ins", "sign-in", "sign"),
    ],
)
def test_id_is_found_whole_and_by_its_parts(text: str, whole: str, part: str) -> None:
    """An id that falls to pieces is found in every text with one of its numbers; one that does not, only as written."""
    assert {whole, part} <= set(tokens(text))


def test_chinese_is_cut_into_pairs_and_words_without_meaning_are_left_out() -> None:
    """Chinese has no spaces; without pairs no question in it would find anything."""
    assert tokens("如何遏制横向移动？") == ["遏制", "制横", "横向", "向移", "移动"]
    assert tokens("云") == ["云"]
    assert tokens("PsExec服务") == ["psexec", "服务"]


def test_forms_of_a_word_are_one() -> None:
    """A question is asked in another form than the answer is written in."""
    for forms in ("isolate isolated isolating isolation", "scan scanning scanned scans", "copy copies", "hash hashes"):
        assert len(set(tokens(forms))) == 1, forms


def test_full_width_and_capitals_are_one() -> None:
    """Input methods for Chinese write Latin letters in full width."""
    assert tokens("ＰｓＥｘｅｃ") == tokens("psexec")


def test_term_of_the_glossary_is_known_in_the_other_language_and_in_other_words() -> None:
    """A Chinese question has to find an English section when there is no Chinese one."""
    (found,) = terms("横向移动")
    assert frozenset({"lateral", "movement"}) in found.other
    assert any("横向" in way for term in terms("contain the lateral movement") for way in term.other)
    assert any(frozenset({"llm"}) == way for term in terms("the language model") for way in term.other)
    assert terms("quarterly bananas") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("PsExec 服务怎么处理", "zh"),
        ("rundll32.exe 被 powershell.exe 启动了该怎么办", "zh"),
        ("ransomware", "en"),
        ("", "en"),
    ],
)
def test_language_is_that_of_the_sentence_not_of_the_names_in_it(text: str, language: str) -> None:
    """Programs have English names in every language."""
    assert language_of(text) == language
