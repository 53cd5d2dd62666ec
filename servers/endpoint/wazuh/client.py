"""The calls to one manager's API, each with what is known to go wrong with it.

A login gives a token that ends after a while (15 minutes unless set otherwise), and all tokens end when the rights of
any user change: a refused token is renewed once, a refused login is not tried again for a while, since the API locks
out whoever fails too often.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from servers.endpoint.wazuh import answers
from servers.endpoint.wazuh.answers import Agent, Items, Status
from servers.endpoint.wazuh.settings import WazuhSettings
from servers.errors import ConfigurationError, ToolError
from servers.kit.http import Http, Params

PAGE: Final = 500
"""The most agents the API's makers would ask for at once."""
WAIT_S: Final = 60.0
"""How long a refused login is not tried again."""
_NO_AGENT: Final = 1701
_DENIED: Final = 4000


@dataclass(slots=True)
class Wazuh:
    """One manager. Its methods block and may be called from several threads."""

    rest: Http
    login: Http
    """The same address, with user and password."""
    now_s: Callable[[], float] = time.monotonic
    _token: str | None = None
    _refused_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def api(self) -> answers.Api:
        """Who answers. Raises: ToolError."""
        return answers.one(answers.Api, self._get("/"))

    def counts(self) -> answers.Connections:
        """Agents by status. Raises: ToolError."""
        return answers.one(answers.Summary, self._get("/agents/summary/status")).connection

    def agents(self, status: Status | None, limit: int, offset: int) -> Items[Agent]:
        """A page of the agents in order of their ids. Raises: ToolError."""
        return self._agents({"status": status, "sort": "+id", "limit": min(limit, PAGE), "offset": offset})

    def by_id(self, agent_id: str) -> Sequence[Agent]:
        """The agent of an id. An unknown one is no error of HTTP: the answer is 200 with an item that failed."""
        return self._agents({"agents_list": agent_id, "limit": 2}).affected_items

    def by_name(self, name: str) -> Sequence[Agent]:
        """The agents of a name: one, unless the manager was told otherwise."""
        return self._agents({"name": name, "limit": 2}).affected_items

    def by_address(self, address: str) -> Sequence[Agent]:
        """The agents that report from an address: several behind one translated address."""
        return self._agents({"ip": address, "limit": 2}).affected_items

    def _agents(self, params: Params) -> Items[Agent]:
        found = answers.agents(self._get("/agents", params))
        codes = {each.error.code for each in found.failed_items} - {_NO_AGENT}
        if _DENIED in codes:
            raise ToolError("forbidden", "the user of Wazuh's API may not see all of these agents", _RIGHTS)
        if codes:
            raise ToolError("refused_by_backend", "Wazuh could not answer for all of these agents", _LOG)
        return found

    def _get(self, path: str, params: Params | None = None) -> JsonValue:
        token = self._signed_in()
        try:
            return self._sent(path, params, token)
        except ToolError as problem:
            if problem.code != "unauthorised":
                raise
        return self._sent(path, params, self._signed_in(instead_of=token))

    def _sent(self, path: str, params: Params | None, token: str) -> JsonValue:
        return self.rest.get(path, params=params, headers={"Authorization": f"Bearer {token}"})

    def _signed_in(self, instead_of: str | None = None) -> str:
        """The token there is, or a new one in place of one that was refused; one thread signs in for all."""
        with self._lock:
            if self._token is None or self._token == instead_of:
                self._token = None
                self._token = self._new_token()
            return self._token

    def _new_token(self) -> str:
        if self._refused_at is not None and self.now_s() - self._refused_at < WAIT_S:
            raise _refused()
        try:
            found = answers.one(answers.Token, self.login.send("POST", "/security/user/authenticate"))
        except ToolError as problem:
            if problem.code not in ("unauthorised", "forbidden"):
                raise
            self._refused_at = self.now_s()
            raise _refused() from None
        self._refused_at = None
        return found.token


def connected(settings: WazuhSettings) -> Wazuh:
    """A client of the manager in these settings; nothing is asked yet.

    Raises: ConfigurationError when a setting is missing."""
    if not settings.url or not settings.user or settings.password is None:
        raise ConfigurationError("Wazuh needs MCPSOC_WAZUH_URL, MCPSOC_WAZUH_USER and MCPSOC_WAZUH_PASSWORD")
    rest, login = (
        Http(
            settings.url,
            product="Wazuh",
            setting="MCPSOC_WAZUH_URL",
            auth=auth,
            ca_file=settings.ca_file,
            timeout_s=settings.timeout_s,
        )
        for auth in (None, (settings.user, settings.password))
    )
    return Wazuh(rest, login)


def _refused() -> ToolError:
    return ToolError("unauthorised", f"Wazuh refused the login; it is tried again after {WAIT_S:g} s", _LOGIN)


_LOGIN: Final = "check MCPSOC_WAZUH_USER and MCPSOC_WAZUH_PASSWORD: repeated failures lock this machine out of the API"
_RIGHTS: Final = "give its role agent:read on agent:id:*"
_LOG: Final = "look at the log of its API"
