"""What a browser says about where a request comes from: our own page, or anybody else's."""

import re
from typing import Final

from starlette.datastructures import Headers

HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
"""A Host header that names this machine, whole: a name that only begins so is somebody else's."""
ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
"""`same-site` is another port of this machine: whatever else listens here is not us."""


def host_of(headers: Headers) -> str | None:
    """The Host header when there is one, and it names this machine."""
    hosts = headers.getlist("host")
    return hosts[0] if len(hosts) == 1 and HOST.fullmatch(hosts[0]) else None


def is_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that the page of another origin, or none of ours, made this request.

    Source: Fetch Metadata Request Headers (W3C), `Sec-Fetch-Site`; programs send none."""
    return headers.get("sec-fetch-site") in ELSEWHERE


def is_navigation(headers: Headers) -> bool:
    """Whether somebody follows a link, rather than a page fetching something."""
    return headers.get("sec-fetch-mode") == "navigate"
