"""One product's REST API: TLS checked, sizes bounded, reads tried again, and nothing of an answer in an error."""

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import JsonValue, SecretStr

from servers.errors import ConfigurationError, NotSentError, RateLimitedError, ToolError

if TYPE_CHECKING:
    import httpx

Method: TypeAlias = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+")
"""A path below the address; parts that come from outside are quoted by whoever makes it."""
Scalar: TypeAlias = str | int | float | bool
Params: TypeAlias = Mapping[str, Scalar | Sequence[Scalar] | None]
_PAUSES_S: Final = (0.2, 0.6)
"""Before the second and the third attempt of a read."""
_WORTH_ANOTHER: Final = frozenset({502, 503, 504})
_NO_CONTENT: Final = 204
"""The one success that has no body. Source: RFC 9110, 15.3.5."""
_LONGEST_WAIT_S: Final = 3600.0


class Http:
    """A client of one product. The connection is opened on the first call; redirects are not followed, and proxies of
    the environment not used, so that a credential only ever reaches the product it is for."""

    def __init__(
        self,
        base_url: str,
        *,
        product: str = "the backend",
        setting: str = "the address in the settings",
        headers: Mapping[str, str | SecretStr] | None = None,
        auth: tuple[str, SecretStr] | None = None,
        ca_file: Path | None = None,
        timeout_s: float = 10.0,
        retries: int = 2,
        most_bytes: int = 5_000_000,
    ) -> None:
        """`headers` and `auth` (HTTP basic) go with every request. `ca_file`: who vouches for the product, in place of
        the system's authorities. `timeout_s`: how long one attempt may take. `retries`: of reads alone. `product` is
        how errors call it, `setting` names the one that holds its address.

        Raises: ConfigurationError for an address that is none, or a CA file that is not there."""
        try:
            parts = urlsplit(base_url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ConfigurationError(f"{product}: its address is http(s)://host[:port][/path], without credentials")
        if ca_file is not None and not ca_file.expanduser().is_file():
            raise ConfigurationError(f"{product}: there is no CA file {ca_file}")
        self._base_url = base_url.rstrip("/")
        self._product = product
        self._reach = f"is it running, and is {setting} right?"
        self._headers = {name: _plain(value) for name, value in (headers or {}).items()}
        self._auth = auth
        self._ca_file = ca_file
        self._timeout_s = timeout_s
        self._retries = min(retries, len(_PAUSES_S))
        self._most_bytes = most_bytes
        self._lock = threading.Lock()

    def get(self, path: str, *, params: Params | None = None, headers: Mapping[str, str] | None = None) -> JsonValue:
        """Read. None is a literal `null` or HTTP 204; any other empty answer is `bad_answer`, never "nothing there".

        Raises: ToolError(unreachable | unauthorised | forbidden | not_found | rate_limited | refused_by_backend |
        too_large | bad_answer | timeout)."""
        for pause_s in _PAUSES_S[: self._retries]:
            try:
                return self.send("GET", path, params=params, headers=headers)
            except _WorthAnotherError:
                time.sleep(pause_s)
        return self.send("GET", path, params=params, headers=headers)

    def send(
        self,
        method: Method,
        path: str,
        *,
        params: Params | None = None,
        json: JsonValue = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """Ask once. A change may be answered with nothing: None.

        Raises: ToolError with the codes of `get`, and `invalid_argument` for a path that is none; `unreachable` and
        `timeout` may come after the product has acted, unless it is a NotSentError."""
        if not _PATH.fullmatch(path):
            raise ToolError("invalid_argument", f"{self._product} has no such path", "")
        given = {name: value for name, value in (params or {}).items() if value is not None}
        request = self._opened().build_request(
            method, self._base_url + path, params=given or None, json=json, headers=dict(headers or {})
        )
        answer, content = self._answered(request)
        self._judge(answer)
        return self._value(content, may_be_empty=method != "GET" or answer.status_code == _NO_CONTENT)

    def close(self) -> None:
        """Close the connections."""
        if "_client" in vars(self):
            self._client.close()

    def _answered(self, request: "httpx.Request") -> tuple["httpx.Response", bytes]:
        """The answer, read to its end. Raises: ToolError."""
        import httpx

        until = time.monotonic() + self._timeout_s
        try:
            answer = self._client.send(request, stream=True)
            try:
                return answer, self._content(answer, until)
            finally:
                answer.close()
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NotSentError("unreachable", f"{self._product} did not answer in time", self._reach) from None
        except httpx.TimeoutException:
            raise ToolError("unreachable", f"{self._product} did not answer in time", self._reach) from None
        except httpx.HTTPError as error:
            refused = "certificate" in str(error).lower()
            why = "has a certificate that is not trusted" if refused else "cannot be reached"
            kind = _UnreachedError if isinstance(error, httpx.ConnectError) else _WorthAnotherError
            raise kind("unreachable", f"{self._product} {why}", self._reach) from None

    def _content(self, answer: "httpx.Response", until: float) -> bytes:
        """The body. The client's own limit is for each piece: a product that sends on and on would hold us for ever."""
        content = bytearray()
        for chunk in answer.iter_bytes():
            if time.monotonic() > until:
                raise ToolError("timeout", f"{self._product} took longer than {self._timeout_s:g} s", self._reach)
            content += chunk
            if len(content) > self._most_bytes:
                message = f"{self._product} answered with more than {self._most_bytes} bytes"
                raise ToolError("too_large", message, "ask for less at once")
        return bytes(content)

    def _judge(self, answer: "httpx.Response") -> None:
        """Raises: ToolError for any status but success."""
        status = answer.status_code
        if answer.is_success:
            return
        if status == 429:
            raise RateLimitedError(f"{self._product} was asked too often", wait_s(answer.headers.get("retry-after")))
        if status in _WORTH_ANOTHER:
            raise _WorthAnotherError("unreachable", f"{self._product} is not available (HTTP {status})", self._reach)
        code, hint = {
            401: ("unauthorised", "check the credential in the settings"),
            403: ("forbidden", "the credential lacks a right; docs/servers says which are needed"),
            404: ("not_found", "it may be gone, or the address in the settings is another product's"),
        }.get(status, ("refused_by_backend", "look at the backend's own log"))
        raise ToolError(code, f"{self._product} answered HTTP {status}", hint)

    def _value(self, content: bytes, *, may_be_empty: bool) -> JsonValue:
        if may_be_empty and not content.strip():
            return None
        try:
            value: JsonValue = json.loads(content)
        except (ValueError, RecursionError):
            raise ToolError("bad_answer", f"{self._product} did not answer with JSON", self._reach) from None
        return value

    def _opened(self) -> "httpx.Client":
        with self._lock:
            return self._client

    @cached_property
    def _client(self) -> "httpx.Client":
        import ssl

        import httpx

        trust = ssl.create_default_context(cafile=None if self._ca_file is None else self._ca_file.expanduser())
        auth = None if self._auth is None else httpx.BasicAuth(self._auth[0], self._auth[1].get_secret_value())
        return httpx.Client(
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **self._headers},
            auth=auth,
            verify=trust,
            timeout=self._timeout_s,
            follow_redirects=False,
            trust_env=False,
        )


class _WorthAnotherError(ToolError):
    """A failure that may be over in a moment."""


class _UnreachedError(_WorthAnotherError, NotSentError):
    """There was no connection to send anything on."""


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def wait_s(retry_after: str | None) -> float:
    """Seconds a product asks us to wait; a minute when it gives a date or nothing."""
    text = (retry_after or "").strip()
    return min(float(text), _LONGEST_WAIT_S) if text.isdecimal() and len(text) < 10 else 60.0
