"""The client against a real server: every route it knows, and what it makes of refusals."""

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from tests.ui.api.conftest import SITE_ALERT
from ui.api.app import build_api
from ui.api.client import ApiClient, ApiError
from ui.api.settings import Settings
from ui.home import Home
from ui.running import free_port


@dataclass(frozen=True)
class Served:
    url: str
    token: str


@pytest.fixture(scope="module")
def served(triaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API on a port of its own."""
    home = Home(Path(shutil.copytree(triaged, tmp_path_factory.mktemp("served") / "home")))
    port = free_port(0)
    config = uvicorn.Config(build_api(home, Settings(), "ana"), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Served(f"http://127.0.0.1:{port}", home.api_token.read_text("utf-8").strip())
    server.should_exit = True
    thread.join()


def test_a_person_signs_in_works_and_signs_out(served: Served) -> None:
    """What the page does, in one go."""
    with ApiClient(served.url) as nobody:
        session = nobody.open_session(served.token)
    with ApiClient(served.url, session.session) as api:
        assert api.me().name == "ana"
        case = api.cases("lab", status=("open",), sort="recent", limit=1).cases[0]
        assert api.case("lab", case.id).version == 1
        assert api.case_evidence("lab", case.id, "E0", "$.alert").hash_fits
        assert api.take("lab", case.id).owner == "ana"
        assert api.note("lab", case.id, "mine").status == "taken"
        assert api.close_case("lab", case.id, "admin_work", "planned").status == "closed"
        assert api.reopen("lab", case.id, "not planned").status == "open"
        assert api.take_many("lab", [case.id, "C-99"]).refused[0].id == "C-99"
        assert [event.kind for event in api.events("lab", 4).events] == [
            "taken",
            "noted",
            "closed",
            "reopened",
            "taken",
        ]
        assert api.report("lab", case.id, "markdown").startswith(b"# ")
        assert api.navigator("lab", case.id).startswith(b"{")
        assert api.picture("lab", case.id, "timeline", "dark").startswith(b"<svg")
        assert api.similar("lab", case.id).similar is not None
        api.close_session()
        with pytest.raises(ApiError) as ended:
            api.me()
    assert (ended.value.status, ended.value.code) == (401, "not_recognised")


def test_a_question_is_asked_and_followed(served: Served) -> None:
    """Streamed live, then read again; the steps are the same."""
    with ApiClient(served.url, served.token) as api:
        thread = api.create_thread("lab", language="en")
        run = api.ask("lab", thread.id, "is sensor edr fresh?")
        streamed = list(api.stream("lab", run.id))
        page = api.steps("lab", run.id)
        assert tuple(streamed) == page.steps
        assert list(api.stream("lab", run.id, after=streamed[-2].seq)) == streamed[-1:]
        assert api.run("lab", run.id) == page.run == api.thread("lab", thread.id).runs[0]
        assert api.stop("lab", run.id).status == "done"
        assert [item.id for item in api.threads("lab").threads] == [thread.id]


def test_alerts_servers_knowledge_and_metrics_are_reached(served: Served) -> None:
    """The rest of the surface."""
    with ApiClient(served.url, served.token) as api:
        accepted = api.post_alerts("site", [{**SITE_ALERT, "id": "BKP-2"}], "generic").alerts[0]
        assert accepted.id is not None
        assert api.alert(accepted.id).status == "queued"
        assert api.retry_alert(accepted.id).status == "queued"
        assert api.inbox("site").counts.queued == 1
        assert "siem" in [server.name for server in api.servers("lab").servers]
        hit = api.search_knowledge("lab", "ransomware", 1).hits[0]
        assert api.section("lab", hit.id).title == hit.title
        assert api.documents("lab").documents
        assert api.health().status == "ok"
        assert "mcpsoc_cases" in api.metrics()


def test_refusals_keep_their_code_and_hint(served: Served) -> None:
    """The page tells people what the API told it."""
    with ApiClient(served.url, served.token) as api:
        with pytest.raises(ApiError) as missing:
            api.case("lab", "C-1?world=site#")
        with pytest.raises(ApiError) as streaming:
            list(api.stream("lab", "run-none"))
    assert (missing.value.status, missing.value.code) == (404, "no_case")
    assert (streaming.value.status, streaming.value.code) == (404, "no_run")


def test_a_service_that_is_not_there_is_told_as_that() -> None:
    """`mcpsoc ui` was ended while the page was open."""
    with ApiClient(f"http://127.0.0.1:{free_port(0)}", "x") as api, pytest.raises(ApiError) as gone:
        api.me()
    assert (gone.value.status, gone.value.code) == (0, "unreachable")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_name_that_would_lead_to_another_route_is_not_sent(name: str) -> None:
    """A path is put in order before it is sent, and `..` in the place of a case is then another route."""
    with ApiClient("http://127.0.0.1:9") as api, pytest.raises(ApiError) as refused:
        api.report("lab", name)

    assert refused.value.status == 404
