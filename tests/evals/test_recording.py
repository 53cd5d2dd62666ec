"""Recording and playing back, against a model that is played: what is recorded for good is only better said."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.brain.endpoint.testing import PlayedEndpoint, Reply
from agent.conversation.model.testing import answer, sentence
from agent.models import JsonObject
from evals.errors import EvalError
from evals.following import answer_of
from evals.players import Page
from evals.recording import CASSETTES, StaleCassetteError, main, played, played_back, record, scenario, tape


def chatting(request: JsonObject) -> Reply:
    """Counts the log sources, and says so with its evidence."""
    told = request["messages"]
    messages = [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    shown = [json.loads(str(item["content"])) for item in messages if item["role"] == "tool"]
    if not shown:
        return Reply(calls=[("look", {"tool": "siem__siem_list_sources", "arguments": {}})])
    return answer(sentence("There are 12 log sources.", "fact", f"{shown[-1]['evidence']} $.sources[*]"))


def sober(request: JsonObject) -> Reply:
    """Takes every decision in the plainest way; answers a chat with nothing."""
    if request.get("tools"):
        return chatting(request)
    page = Page.of(request)
    part: JsonObject = {
        "plan": {"order": [], "reads": []},
        "assess": {"weighed": [], "gap": None, "ask": [], "reads": [], "expand": [], "points": []},
        "challenge": {"rival": page.harmless, "argument": [], "ask": []},
        "conclude": {"hypothesis": page.harmless, "disposition": "false_positive", "highlights": []},
    }
    wanted = part[page.wanted]
    assert isinstance(wanted, dict)
    return Reply(json.dumps(answer_of(page.wanted, wanted)))


@pytest.fixture
def endpoint() -> Iterator[PlayedEndpoint]:
    """A model that decides soberly."""
    with PlayedEndpoint(sober) as endpoint:
        yield endpoint


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["twin", "chat"])
async def test_two_runs_of_a_scenario_send_the_same_bytes(name: str, endpoint: PlayedEndpoint) -> None:
    """Nothing of the day, the home or the process may stand in a request: a cassette would never fit again."""
    await played(scenario(name), endpoint.url, "played")
    first = [json.dumps(body) for body in endpoint.requests]
    endpoint.requests.clear()
    await played(scenario(name), endpoint.url, "played")

    assert first
    assert [json.dumps(body) for body in endpoint.requests] == first


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["twin", "repair", "expand", "chat"])
async def test_what_is_recorded_can_be_played_back(name: str, endpoint: PlayedEndpoint, tmp_path: Path) -> None:
    """Recording plays back at once; here it is played back with the endpoint gone."""
    outcome = await record(scenario(name), endpoint.url, "played", timeout_s=20, folder=tmp_path)
    with tape(scenario(name), endpoint.url, record=False, folder=tmp_path) as rolling:
        assert rolling.bodies == []

    assert outcome.requests == len(endpoint.requests) + (name == "repair")
    assert (outcome.repaired, outcome.expanded > 0) == (int(name == "repair"), name == "expand")
    assert await played_back(scenario(name), folder=tmp_path) == outcome


@pytest.mark.thorough
async def test_a_changed_prompt_fails_with_the_command_that_records_again(
    endpoint: PlayedEndpoint, tmp_path: Path
) -> None:
    """What vcr says of a request that it does not know helps nobody."""
    await record(scenario("twin"), endpoint.url, "played", timeout_s=20, folder=tmp_path)
    path = tmp_path / "twin.yaml"
    path.write_text(path.read_text("utf-8").replace("Decide: conclude", "Decide: quickly"), "utf-8")

    with pytest.raises(StaleCassetteError, match=r"python -m evals\.recording --base-url URL --only twin"):
        await played_back(scenario("twin"), folder=tmp_path)


@pytest.mark.thorough
async def test_a_case_that_the_embedded_brain_took_over_is_not_kept(endpoint: PlayedEndpoint, tmp_path: Path) -> None:
    """It would be played back for ever as what the model said."""
    endpoint.trouble = "error"

    with pytest.raises(EvalError, match="the embedded brain took over"):
        await record(scenario("twin"), endpoint.url, "played", timeout_s=20, folder=tmp_path)
    assert not (tmp_path / "twin.json").exists()


def test_one_command_records_and_labels(endpoint: PlayedEndpoint, tmp_path: Path) -> None:
    """The label stands in the file itself, since files are copied without their folder."""
    code = main(["--base-url", endpoint.url, "--model", "played", "--only", "twin", "--to", str(tmp_path)])

    assert code == 0
    assert (tmp_path / "twin.yaml").read_text("utf-8").startswith("# Recorded through a local relay")
    assert "| twin |" in (tmp_path / "README.md").read_text("utf-8")
    assert endpoint.keys[0].removeprefix("Bearer ") not in (tmp_path / "twin.yaml").read_text("utf-8")


def test_unknown_scenario_names_those_there_are() -> None:
    """Nobody knows the names by heart."""
    with pytest.raises(EvalError, match="attack, twin, blind, repair, expand, chat"):
        scenario("twins")


def test_cassettes_lie_where_the_tests_look() -> None:
    """A folder elsewhere would be recorded and never played."""
    assert CASSETTES.relative_to(Path(__file__).parents[2]).as_posix() == "tests/cassettes"
