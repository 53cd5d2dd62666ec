"""What other people's servers answer: kept as it is when it fits, cut when it does not, never believed about itself."""

import json

import pytest

from agent.host.answers import Reading, read_result
from agent.host.link import Raw

MEGABYTE = 1_000_000


async def ask(kit, handler, world="site", **definition):
    """One call of an untrusted server's tool `t`."""
    server = kit.server().tool("t", handler, **definition)
    async with kit.host(kit.connection("files", server, reads="t", trusted=False), read_timeout_s=20) as host:
        await host.accept("files")
        door, _ = kit.door(host, world)
        return await door.read("files__t", {})


def fixed(answer):
    async def handler(_, __):
        return answer

    return handler


async def test_five_megabytes_become_a_bounded_answer_marked_as_cut(kit):
    """One call must not fill the memory, the case file or a model's window."""
    rows = [{"n": n, "text": "x" * 1000} for n in range(5 * MEGABYTE // 1000)]

    evidence = await ask(kit, fixed(kit.result({"rows": rows})), outputSchema={"type": "object"})

    assert evidence.status == "success"
    assert evidence.truncated
    assert "cut to size" in evidence.summary
    assert len(json.dumps(evidence.data, separators=(",", ":"))) <= 24_000
    assert evidence.data["rows"][0] == rows[0]


async def test_a_huge_envelope_keeps_its_status_and_a_cut_part_of_its_data(kit):
    """Also our own form is bounded when somebody else sends it."""
    rows = [{"text": "x" * 1000} for _ in range(100)]
    huge = kit.envelope({"rows": rows}, status="stale", backend="real", synthetic=False)

    evidence = await ask(kit, fixed(huge))

    assert (evidence.status, evidence.truncated) == ("stale", True)
    assert 10 < len(evidence.data["rows"]) < 25


@pytest.mark.parametrize(
    "texts, data",
    [
        (("plain words",), {"text": ["plain words"]}),
        (('{"a": [1]}',), {"a": [1]}),
        ((' [1, {"b": null}]',), [1, {"b": None}]),
        (("{broken",), {"text": ["{broken"]}),
        (("[" * 5000,), {"text": ["[" * 5000]}),
        (('{"a": 1}', "and more"), {"text": ['{"a": 1}', "and more"]}),
        (("\x1b[31m\u202ered",), {"text": ["\x1b[31m\u202ered"]}),
    ],
)
async def test_a_server_that_only_sends_text_is_kept_as_it_came(kit, texts, data):
    """Older servers have no structured content; making text harmless is the work of whoever shows it."""
    evidence = await ask(kit, fixed(kit.result(None, *texts)))

    assert evidence.data == data
    assert evidence.status == "success"


@pytest.mark.parametrize("texts", [(), ("", "  ")])
async def test_an_empty_answer_is_an_error_and_not_nothing_found(kit, texts):
    """Nobody said that they looked."""
    evidence = await ask(kit, fixed(kit.result(None, *texts)))

    assert evidence.status == "error"
    assert "nothing at all" in evidence.error


@pytest.mark.parametrize("texts, said", [(("disk full",), "disk full"), ((), "failed without a reason")])
async def test_a_tool_that_says_it_failed_is_an_error(kit, texts, said):
    """Whatever else it sends along is dropped."""
    evidence = await ask(kit, fixed(kit.result({"rows": []}, *texts, failed=True)))

    assert (evidence.status, evidence.data) == ("error", None)
    assert said in evidence.error


async def test_a_long_reason_is_cut(kit):
    """An error text is a line, not a way to store a book."""
    evidence = await ask(kit, fixed(kit.result(None, "x" * 10_000, failed=True)))

    assert len(evidence.error) < 500


async def test_numbers_that_are_not_json_are_an_error(kit):
    """They could not be hashed, so they cannot be evidence."""
    evidence = await ask(kit, fixed(kit.result(None, '{"a": NaN}')))

    assert evidence.status == "error"
    assert "not JSON" in evidence.error


async def test_an_untrusted_server_that_admits_to_be_simulated_stays_out_of_a_site_case(kit):
    """The check on what came back holds for everybody."""
    evidence = await ask(kit, fixed(kit.envelope({"a": 1})))

    assert (evidence.status, evidence.error) == ("refused", "files: it answers from a simulation")


@pytest.mark.parametrize(
    "structured",
    [
        {"status": "success", "source": "x"},
        {"status": "success", "source": {}, "data": 1},
        {"status": "benign", "source": {"server": "x"}},
    ],
)
async def test_what_only_looks_like_an_envelope_is_plain_data(kit, structured):
    """Half an envelope must not decide a status."""
    evidence = await ask(kit, fixed(structured))

    assert evidence.status == "success"
    assert evidence.data == structured


def test_text_no_file_can_hold_does_not_lose_the_answer():
    """A lone surrogate in a log line is an attacker's cheapest way to blind a tool."""
    reading = Reading("s__t", trusted=False, check=None, provenance={}, world_neutral=False, most_chars=1000)

    answer = read_result(Raw({"line": "\ud800x"}, (), False), reading, "site")

    assert answer.status == "success"
