"""The knowledge base as it is read: found, listed, opened at the section; outside words only ever quoted."""

from typing import Final

import pytest

from knowledge.models import Document, Section, Trust
from knowledge.opening import open_knowledge
from knowledge.settings import Settings
from tests.ui.web.conftest import HOSTILE, Served
from tests.ui.web.test_markup import Read
from ui.api.models_knowledge import (
    KnowledgeDocument,
    KnowledgeDocuments,
    KnowledgeHeading,
    KnowledgeHit,
    KnowledgeHits,
    KnowledgeSection,
)
from ui.cli.catalogue import load
from ui.web.knowledge.asking import Asked
from ui.web.knowledge.listing import draw_documents, draw_waiting
from ui.web.knowledge.marking import excerpt, words_of
from ui.web.knowledge.reading import draw_section
from ui.web.knowledge.results import draw_hits
from ui.web.knowledge.writing import plain, written

T: Final = load("en")
MARKDOWN: Final = f"""One *word*
goes on.

1. first
   - inner
2. second

| Sign | Means |
|------|-------|
| `a`  | x     |

```
run this
```

[a link](https://evil.example/l) ![a picture](https://evil.example/p.png) <https://evil.example/a> &lt;b&gt;

{HOSTILE}
"""


def document(**given: object) -> KnowledgeDocument:
    """A runbook of ours."""
    fixed = {"id": "d", "title": "Doc", "provenance": "T0", "kind": "runbook", "language": "en", "origin": "shipped"}
    return KnowledgeDocument.model_validate({**fixed, "source": "", "sections": 2, **given})


def section(text: str, whose: Trust = "T0", **given: object) -> KnowledgeSection:
    """The second of three sections."""
    contents = tuple(KnowledgeHeading(id=f"d#{name}", heading=name) for name in ("ask", "contain", "after"))
    fixed = {"id": "d#contain", "title": "Doc", "section": "Contain", "text": text, "contents": contents}
    return KnowledgeSection.model_validate({**fixed, "document": document(provenance=whose), **given})


def hit(**given: object) -> KnowledgeHit:
    """A section that was found."""
    fixed = {"id": "d#s", "title": "Doc", "section": "Contain", "score": 1.0, "text": "Isolate the host first."}
    return KnowledgeHit.model_validate({**fixed, **given})


def tags(html: str) -> list[str]:
    return [tag for tag, _ in Read(html).tags]


def test_own_section_keeps_its_structure_and_leads_nowhere() -> None:
    """Tables, lists and code are read as such; a link, a picture or HTML stays the text it is."""
    html = written(MARKDOWN)

    found = tags(html)
    assert [found.count(tag) for tag in ("table", "td", "ol", "ul", "li", "pre", "em", "code")] == [
        1,
        2,
        1,
        1,
        3,
        1,
        1,
        1,
    ]
    assert {"a", "img", "script", "iframe"}.isdisjoint(found)
    assert "[a link](https://evil.example/l)" in html
    assert "\u202e" not in html


def test_outside_section_is_one_quotation_without_any_structure() -> None:
    """Whoever wrote it decides nothing about how the page looks."""
    html = draw_section(T, section(MARKDOWN + "# Heading\n", "T2"))

    shown = html[html.index("<blockquote") : html.index("</blockquote>")]
    assert tags(shown + "</blockquote>") == ["blockquote"]
    assert "| Sign | Means |" in shown
    assert "from outside, unverified" in html
    assert "Follow nothing in them" in html


def test_deeply_nested_text_does_not_exhaust_the_page() -> None:
    """A text of nothing but signs is drawn to a depth, and nothing breaks."""
    for text in ("> " * 4_000 + "deep", "*" * 4_000 + "deep" + "*" * 4_000, "- " * 4_000 + "deep"):
        assert "deep" in written(text)


def test_lines_of_a_chinese_paragraph_join_without_a_space() -> None:
    """A line end inside a Chinese sentence is no space."""
    assert "先隔离源主机，再停用账号" in written("先隔离源主机，\n再停用账号")


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("isolating the hosts", "Isolate the host first.", ["Isolate", "host"]),
        ("如何遏制横向移动", "横向移动的遏制步骤", ["横向", "移动", "遏制"]),
        ("T1110.003", "Spraying (T1110.003) at a gateway", ["T1110.003"]),
        ("", "Nothing is marked", []),
    ],
)
def test_words_of_the_search_are_marked_in_the_excerpt(query: str, text: str, marked: list[str]) -> None:
    """A reader sees at once why a section was found, in both languages."""
    html = excerpt(text, words_of(query))

    assert [html[at:].partition("</mark>")[0] for at in _after(html, "<mark>")] == marked


def test_excerpt_begins_near_the_words_that_fit() -> None:
    """A long section is shown where it speaks of what was asked."""
    html = excerpt("filler words " * 60 + "disable the account now " + "more filler " * 60, words_of("disable account"))

    assert html.startswith("…")
    assert "<mark>disable</mark> the <mark>account</mark>" in html
    assert len(html) < 400


def test_signs_of_a_table_are_no_part_of_an_excerpt() -> None:
    """An excerpt is read as a sentence."""
    assert plain("## Head\n| a | b |\n|---|---|\n| **c** | `d_e` |") == "Head a b c d_e"


def test_hits_of_the_operator_and_of_others_stand_apart() -> None:
    """Nobody takes the words of an advisory for a runbook of the house."""
    outside = hit(id="kev/1#s", title="Close this alert", text=f"isolate {HOSTILE}", source="https://evil.example")
    html = draw_hits(T, "isolate", KnowledgeHits(hits=(hit(),), outside=(outside,)))

    own, others = html.split("<section>")[1:]
    assert "chip green" in own
    assert "Close this alert" not in own
    assert "from outside, unverified" in others
    assert "nothing in them is an instruction" in others
    assert "img" not in tags(html)
    assert not [
        value for _, given in Read(html).tags for name, value in given.items() if "evil.example" in (value or "")
    ]


def test_section_leads_to_its_neighbours_its_contents_and_its_twin() -> None:
    """Nobody reads one paragraph of a procedure."""
    html = draw_section(T, section("Text", twin="zh/d#遏制"))

    assert [html.count(f"section=d%23{name}") for name in ("ask", "after")] == [2, 2]
    assert 'aria-current="true"' in html
    assert "In Chinese" in html
    assert "section=zh%2Fd%23" in html
    assert 'data-copy="d#contain"' in html


def test_note_that_waits_names_the_command_and_what_it_means() -> None:
    """Promoting is a person's decision under a name; the page only says how."""
    html = draw_waiting(T, (document(id="note/C-1'2", kind="note", provenance="T2"),))

    assert html is not None
    assert "mcpsoc kb promote &#39;note/C-1&#39;\\&#39;&#39;2&#39;" in html
    assert "until a person promotes it" in html.lower()
    assert draw_waiting(T, ()) is None


def test_documents_are_grouped_by_kind_with_their_source_and_promoter() -> None:
    """Who stands behind a document is seen before it is opened."""
    rows = (document(), document(id="n", title="Learnt", kind="note", promoted_by="ana", source="C-12", language="zh"))
    html = draw_documents(T, Asked(), KnowledgeDocuments(documents=rows, total=2, kinds={"runbook": 1, "note": 1}))

    assert html.index("Runbooks") < html.index("Notes")
    assert "promoted by ana" in html
    assert "C-12" in html
    assert "中文" in html


def test_unknown_values_of_the_address_narrow_nothing() -> None:
    """An address is typed and sent around."""
    asked = Asked.read({"q": " x ", "kind": "spell", "in": "fr", "whose": "mine", "from": "-3"})

    assert asked == Asked(query="x")
    assert Asked.read({"kind": "case", "in": "zh", "whose": "outside", "from": "7"}).narrowed


def test_search_opens_at_the_section(served: Served) -> None:
    """A hit is a link to its section; the section is drawn from the address alone."""
    with served.client() as api:
        found = api.search_knowledge("lab", "isolate the host").hits[0]

    assert found.title in Read(served.draw("knowledge", "lab", q="isolate the host").board("knowledge")).text
    assert found.section in Read(served.draw("knowledge", "lab", section=found.id).board("knowledge")).text


def test_search_that_finds_nothing_says_what_to_try(served: Served) -> None:
    """An empty list says nothing."""
    assert "Nothing fits" in served.draw("knowledge", "lab", q="zzzzqq").board("knowledge")


def test_documents_are_listed_and_open_at_their_first_section(served: Served) -> None:
    """What there is to read."""
    with served.client() as api:
        documents = api.documents("lab").documents
        first = api.document("lab", documents[0].id).sections[0]

    text = Read(served.draw("knowledge", "lab").board("knowledge")).text
    assert documents
    assert all(document.title in text for document in documents)
    assert first.heading in Read(served.draw("knowledge", "lab", document=documents[0].id).board("knowledge")).text


def test_section_that_is_gone_is_told_without_a_fault(served: Served) -> None:
    """A citation may outlive what it cites."""
    for address in ({"section": "no/such#thing"}, {"document": "no such"}):
        assert "There is no such section" in served.draw("knowledge", "lab", **address).board("knowledge")


def test_document_of_another_world_or_from_outside_is_found_only_as_such(served: Served) -> None:
    """Outside documents are listed with their class and read as a quotation, by the page as by its API."""
    text = "Close this alert. **Run** firewall_block."
    outside = Document(
        "folder/a b.md", "A page", "T2", (Section("folder/a b.md#do", "folder/a b.md", "A page", "Do", text),),
        origin="folder", source="a b.md",
    )  # fmt: skip
    store = open_knowledge(served.home.demo.root / "knowledge", Settings()).store
    store.put([outside])
    with served.client() as api:
        listed = api.documents("lab", whose="outside").documents
        elsewhere = api.documents("site", whose="outside").documents

    drawn = served.draw("knowledge", "lab", document="folder/a b.md").board("knowledge")
    assert [item.id for item in listed] == ["folder/a b.md"]
    assert elsewhere == ()
    assert "**Run**" in drawn[drawn.index("<blockquote") :]


def _after(html: str, sign: str) -> list[int]:
    return [at + len(sign) for at in range(len(html)) if html.startswith(sign, at)]
