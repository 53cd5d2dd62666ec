"""Signing in: a token becomes a cookie no script reads, and nothing of the token stays anywhere."""

from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.ui.web.conftest import Served
from ui.api.client import ApiClient, ApiError
from ui.web import entering, files


@pytest.fixture
def visitor(served: Served) -> TestClient:
    """A browser in front of the page's own routes."""
    connect = partial(ApiClient, served.url)
    app = Starlette(routes=[*entering.routes(connect), *files.routes(connect)])
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def test_link_signs_in_and_leaves_no_token_in_the_address(served: Served, visitor: TestClient) -> None:
    """The cookie is for HTTP alone and for this site alone; the page that is shown was asked for in the link."""
    answer = visitor.get(
        "/enter", params={"token": served.token, "world": "lab", "case": "C-1", "next": "//evil.example"}
    )

    assert answer.status_code == 303
    assert answer.headers["location"] == "/case?world=lab&case=C-1"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert served.token.lower() not in cookie
    assert answer.headers["referrer-policy"] == "no-referrer"
    with ApiClient(served.url, visitor.cookies[entering.COOKIE]) as api:
        assert api.me().name == "ana"


def test_form_signs_in_as_the_link_does(served: Served, visitor: TestClient) -> None:
    """A token that was pasted has a space too many."""
    form = visitor.get("/enter", headers={"accept-language": "zh-CN"})
    assert "登录" in form.text

    assert visitor.post("/enter", data={"token": f" {served.token}\n"}).status_code == 303


def test_wrong_token_is_said_and_sets_no_cookie(visitor: TestClient) -> None:
    """And what was typed is not shown again."""
    answer = visitor.post("/enter", data={"token": "<b>wrong</b>"})

    assert answer.status_code == 401
    assert "not known" in answer.text
    assert "wrong</b>" not in answer.text
    assert "set-cookie" not in answer.headers


def test_leaving_ends_the_session(served: Served, visitor: TestClient) -> None:
    """The cookie is taken away, and whoever copied it has nothing."""
    visitor.get("/enter", params={"token": served.token})
    secret = visitor.cookies[entering.COOKIE]

    visitor.get("/leave")

    assert entering.COOKIE not in visitor.cookies
    with ApiClient(served.url, secret) as api, pytest.raises(ApiError) as refused:
        api.me()
    assert refused.value.status == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_link_on_the_page_of_somebody_else_signs_nobody_in(served: Served, visitor: TestClient, site: str) -> None:
    """Whoever is signed in unknowingly works in somebody else's name; a person has to press the button."""
    answer = visitor.get("/enter", params={"token": served.token}, headers={"sec-fetch-site": site})

    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert f'value="{served.token}"' in answer.text
    odd = visitor.get("/enter", params={"token": '"><script>'}, headers={"sec-fetch-site": site})
    assert "<script>" not in odd.text


def test_link_on_the_page_of_somebody_else_signs_nobody_out(served: Served, visitor: TestClient) -> None:
    """Nor does a picture whose address it is."""
    visitor.get("/enter", params={"token": served.token})
    visitor.get("/leave", headers={"sec-fetch-site": "same-site"})

    with ApiClient(served.url, visitor.cookies[entering.COOKIE]) as api:
        assert api.me().name == "ana"


def test_without_a_service_the_form_says_so() -> None:
    """The page outlived its API."""
    app = Starlette(routes=entering.routes(partial(ApiClient, "http://127.0.0.1:9")))

    answer = TestClient(app).post("/enter", data={"token": "x"})

    assert "does not answer" in answer.text


@pytest.mark.parametrize("kind", files.KINDS)
def test_files_of_a_case_are_handed_out_to_be_kept(served: Served, visitor: TestClient, kind: str) -> None:
    """Never opened under the page's own address: a report holds an attacker's words."""
    visitor.get("/enter", params={"token": served.token})

    answer = visitor.get(f"/files/{kind}", params={"world": "lab", "case": "C-1", "lang": "zh"})

    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.content


def test_pictures_are_drawn_for_who_is_signed_in(served: Served, visitor: TestClient) -> None:
    """Nobody else gets one, and there are no others."""
    place = "/pictures/timeline?world=lab&case=C-1&theme=dark"
    assert visitor.get(place).headers["location"] == "/enter"

    visitor.get("/enter", params={"token": served.token})

    assert visitor.get(place).headers["content-type"] == "image/svg+xml"
    assert visitor.get("/pictures/other?case=C-1").status_code == 404
    assert visitor.get("/files/exe?case=C-1").status_code == 404
    for case in ("C-99", "", ".", "..", "../metrics", "%2e%2e"):
        assert visitor.get("/files/html", params={"world": "lab", "case": case}).status_code == 404
