"""The examination of servers notices each thing it is there to notice, and leaves a good server alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from servers.kit import SecurityServer
from servers.kit.answer import JsonObject
from servers.kit.changes import Plan
from servers.kit.conformance import assert_conformant, complaints
from servers.kit.conformance.fixture import fixture
from servers.kit.conformance.valid import arguments_for
from servers.kit.protocol import Published, Wire, wire
from tests.servers.kit.bad_servers import CANARY, PLANTED, Shelf, Twisted, adding, serve, twisted


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """A backend whose processes end with the test."""
    shelf = Shelf(tmp_path)
    yield shelf
    for process in shelf.running:
        process.kill()
        process.wait()


async def test_good_server_has_no_complaints(shelf: Shelf) -> None:
    """With every hook: two builds, read-only mode, the state of the backend, and its end in mid-call."""
    change = adding(shelf)

    def dies() -> None:
        shelf.alive = False

    await assert_conformant(
        serve(shelf, changes=[change]),
        examples={"bad_find_thing": {"name": "a lamp"}},
        canaries=[CANARY],
        planted=[PLANTED],
        again=lambda: serve(shelf, changes=[change]),
        read_only=lambda: serve(shelf, changes=[change], read_only=True),
        state=lambda: list(shelf.things),
        dies=dies,
    )


async def test_fixture_of_the_official_suite_conforms() -> None:
    """It stands for the framework, so it obeys the framework's own rules."""
    await assert_conformant(fixture(), again=fixture)


async def test_assertion_lists_every_complaint(shelf: Shelf) -> None:
    """Whoever repairs a server wants to see all of it at once."""
    with pytest.raises(AssertionError) as failure:
        await assert_conformant(serve(shelf, shelf.bad_unmarked, shelf.bad_hidden))

    assert "nobody says who wrote $.name" in str(failure.value)
    assert "the description holds control" in str(failure.value)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "method, complaint",
    [
        ("bad_echo", "quotes an argument (shell as name"),
        ("bad_crash", "internal_error"),
        ("bad_shell", "an argument was obeyed: it left left-1"),
        ("bad_path", "an argument was obeyed: it left left-"),
        ("bad_sql", "SQL as name is obeyed"),
        ("bad_process", "processes were started and still run"),
        ("bad_log", "the log holds canary 0"),
        ("bad_trust", "a planted text stands in a field that is declared T0 or T1"),
        ("bad_gossip", "the summary or the error holds a planted text"),
        ("bad_loose", "many things make the answer impossible: too_large"),
        ("bad_alone", "internal_error (one of 50 at once"),
        ("bad_unmarked", "nobody says who wrote $.name"),
        ("bad_pattern", "pass examples={'bad_pattern': ...}"),
        ("bad_number", "the input schema holds an integer beyond 2^53"),
        ("bad_schema", "the input schema is no JSON Schema"),
        ("bad_hidden", "the description holds control, invisible or direction-changing characters"),
        ("bad_name_that_goes_on_for_longer_than_anybody_reads", "the name is longer than 40 characters"),
        ("bad_cased", "the name is not bad_verb_noun"),
        ("bad_expensive", "tokens on the mean, more than 180"),
    ],
)
async def test_bad_method_is_complained_about(shelf: Shelf, method: str, complaint: str) -> None:
    """One method, one broken rule."""
    found = await complaints(serve(shelf, getattr(shelf, method)), canaries=[CANARY], planted=[PLANTED])

    assert [line for line in found if complaint in line], found


async def test_text_that_takes_for_ever_is_complained_about(shelf: Shelf) -> None:
    """A pattern that never ends holds up everybody."""
    found = await complaints(serve(shelf, shelf.bad_regex, timeout_s=0.1))

    assert "bad_regex: regular expression as name takes all the time there is" in found


async def test_quoted_outside_text_is_complained_about_without_being_planted(shelf: Shelf) -> None:
    """Every server is examined for it, not only those whose backend a test filled."""
    found = await complaints(serve(shelf, shelf.bad_gossip))

    assert [line for line in found if "the summary or the error quotes outside text" in line]


def _data(envelope: JsonObject, data: JsonValue) -> JsonObject:
    return {**envelope, "data": data}


ANSWERS: dict[str, Callable[[JsonObject], JsonObject]] = {
    "outside the published schema": lambda envelope: _data(envelope, {"stranger": 1}),
    "characters, more than 24000": lambda envelope: {**envelope, "summary": "A" * 30_000},
    "contradict each other": lambda envelope: {**envelope, "ok": not envelope["ok"]},
    "holds control, invisible": lambda envelope: {**envelope, "summary": "\x1b[31m"},
    "the answer holds canary 0": lambda envelope: {**envelope, "summary": CANARY},
    "without the name that was meant": lambda envelope: {
        **envelope,
        "error": {**envelope["error"], "hint": ""} if isinstance(envelope["error"], dict) else None,
    },
}


@pytest.mark.thorough
@pytest.mark.parametrize("complaint", ANSWERS)
async def test_bad_answer_is_complained_about(shelf: Shelf, complaint: str) -> None:
    """The framework itself is under examination too."""
    found = await complaints(twisted(serve(shelf), ANSWERS[complaint]), canaries=[CANARY])

    assert [line for line in found if complaint in line], found


PUBLISHED: dict[str, Callable[[tuple[Published, ...]], tuple[Published, ...]]] = {
    "has no description": lambda tools: tuple(replace(tool, description=" ") for tool in tools),
    "the input schema is no closed object": lambda tools: tuple(
        replace(tool, input_schema={**tool.input_schema, "additionalProperties": True}) for tool in tools
    ),
    "has no tool bad_health": lambda tools: tuple(tool for tool in tools if tool.name != "bad_health"),
    "tools, more than 10": lambda tools: tools * 4,
}


@pytest.mark.thorough
@pytest.mark.parametrize("complaint", PUBLISHED)
async def test_bad_publication_is_complained_about(shelf: Shelf, complaint: str) -> None:
    """What a client is shown is examined as it is shown."""
    found = await complaints(twisted(serve(shelf), publish=PUBLISHED[complaint]))

    assert [line for line in found if complaint in line], found


async def test_dropped_argument_is_complained_about(shelf: Shelf) -> None:
    """A mistyped `dryrun` that is ignored blocks for real."""
    found = await complaints(twisted(serve(shelf), forgetful=True))

    assert "bad_find_thing: an unknown argument is not refused" in found


class Fickle(Twisted):
    """Shows every session something else."""

    @property
    def wire(self) -> Wire:
        """A new protocol server each time, with a word more."""
        self.seen.append("a session")
        tools = [replace(tool, description=f"{tool.description} {len(self.seen)}") for tool in self.published]
        return wire(self.name, self.instructions, tools, self.call, self.health)


async def test_description_that_changes_is_complained_about(shelf: Shelf) -> None:
    """A tool that was read, approved and then rewritten is another tool."""
    good = twisted(serve(shelf))
    fickle = Fickle(**{field.name: getattr(good, field.name) for field in fields(Twisted)})

    assert "bad: shows its tools differently to two sessions" in await complaints(fickle)
    assert "bad: shows its tools differently when it is built again" in await complaints(
        serve(shelf), again=lambda: serve(shelf, shelf.bad_log)
    )


async def test_change_without_a_grant_is_complained_about(shelf: Shelf) -> None:
    """Whatever mode a caller invents."""

    def obliging(name: str, arguments: JsonObject, meta: JsonObject, envelope: JsonObject) -> JsonObject:
        return {**envelope, "ok": True, "status": "success"} if meta.get("mcpsoc/mode") == "force" else envelope

    good = serve(shelf, changes=[adding(shelf)])
    parts = {field.name: getattr(good, field.name) for field in fields(SecurityServer)}

    assert "bad_add_thing: is not refused without a grant in mode force" in await complaints(
        Twisted(**parts, answer=obliging)
    )


async def test_plan_that_acts_is_complained_about(shelf: Shelf) -> None:
    """A plan is made before anybody agreed."""

    def plan(name: str) -> Plan:
        shelf.things.append("planned")
        return Plan("the shelf", "1 thing more")

    found = await complaints(serve(shelf, changes=[adding(shelf, plan)]), state=lambda: list(shelf.things))

    assert "bad: bad_list_things answers differently after changes were planned and refused" in found
    assert "bad: the backend is different after changes were planned and refused" in found


async def test_change_in_read_only_mode_is_complained_about(shelf: Shelf) -> None:
    """Read-only always wins."""
    server = serve(shelf, changes=[adding(shelf)])

    assert "bad_add_thing: is registered in read-only mode" in await complaints(server, read_only=lambda: server)


class Wedged(Twisted):
    """Answers nothing any more once a call was cancelled."""

    async def call(self, *args: JsonValue, **kwargs: JsonValue) -> JsonObject:
        """The answer, unless the session is wedged."""
        if self.seen:
            raise RuntimeError("wedged")
        try:
            return await super().call(*args, **kwargs)
        except BaseException:
            self.seen.append("an end")
            raise


async def test_server_that_a_cancelled_call_wedges_is_complained_about(shelf: Shelf) -> None:
    """A client that gives up must not take everybody else along."""
    good = twisted(serve(shelf))
    wedged = Wedged(**{field.name: getattr(good, field.name) for field in fields(Twisted)})

    found = await complaints(wedged)

    assert [line for line in found if "does not answer after this call was cancelled" in line]


async def test_backend_whose_end_nobody_notices_is_complained_about(shelf: Shelf) -> None:
    """Nothing found, said by a backend that is gone, closes cases."""

    def dies() -> None:
        shelf.alive = False

    found = await complaints(serve(shelf, shelf.bad_immortal), dies=dies)
    healthy = await complaints(serve(Shelf(shelf.trap)), dies=lambda: None)

    assert found == ["bad_immortal: answers no_data without its backend"]
    assert "bad: its health is ready without its backend" in healthy


async def test_example_of_a_tool_that_is_gone_is_complained_about(shelf: Shelf) -> None:
    """A renamed tool must not go on unexamined under its old example."""
    found = await complaints(serve(shelf), examples={"bad_old_name": {}})

    assert found == ["bad: there is an example for bad_old_name, which it does not have"]


@pytest.mark.parametrize("pattern", ["^q-[0-9a-f]{24}$", "^E[0-9]{1,6}$", r"^act-\d{4}$", "^[A-Z]{3}-[0-9]+$"])
def test_arguments_are_made_for_plain_patterns(pattern: str) -> None:
    """Nobody should have to write an example for an id."""
    schema: JsonObject = {"properties": {"x": {"type": "string", "pattern": pattern}}, "required": ["x"]}

    assert re.search(pattern, str(arguments_for(schema)["x"]))
