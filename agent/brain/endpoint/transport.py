"""The HTTP client of one endpoint: its proxy, the authorities it is trusted by, the headers it wants."""

import ssl
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from agent.brain.endpoint.errors import ModelUnfitError
from agent.brain.endpoint.settings import EndpointSettings, ModelSettings

if TYPE_CHECKING:
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

_NO_KEY: Final = "none"
"""Sent where no key is set: the client wants one, an endpoint on this machine does not."""
CONNECT_S: Final = 5.0
"""How long a connection may take to open."""
_SHORTEST_SECRET: Final = 4
_SCHEMES: Final = ("http", "https")


def key_of(endpoint: EndpointSettings) -> str:
    """The key as it is sent."""
    return endpoint.api_key.get_secret_value() if endpoint.api_key else _NO_KEY


def bare_url(endpoint: EndpointSettings) -> str:
    """The base URL as it is handed to the library, which writes it to its log: without user and password."""
    parts = urlsplit(endpoint.base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def headers_of(endpoint: EndpointSettings, settings: ModelSettings) -> dict[str, str]:
    """Further headers of every request; they win over the library's own. What the URL says of user and password is
    one of them."""
    parts, headers = urlsplit(endpoint.base_url), {}
    if parts.username or parts.password:
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {b64encode(login).decode()}"
    return headers | {name: value.get_secret_value() for name, value in settings.headers.items()}


def secrets_of(endpoint: EndpointSettings, settings: ModelSettings) -> tuple[str, ...]:
    """Every text that must not stand in an error, a log line or a span; the longest first."""
    found = {value for value in _secrets(endpoint, settings) if value and len(value) >= _SHORTEST_SECRET}
    return tuple(sorted(found, key=len, reverse=True))


def _secrets(endpoint: EndpointSettings, settings: ModelSettings) -> Iterator[str | None]:
    if endpoint.api_key:
        yield endpoint.api_key.get_secret_value()
    for value in settings.headers.values():
        yield value.get_secret_value()
        yield value.get_secret_value().rpartition(" ")[2]
    if settings.proxy:
        yield settings.proxy.get_secret_value()
        yield urlsplit(settings.proxy.get_secret_value()).password
    parts = urlsplit(endpoint.base_url)
    yield parts.password
    yield unquote(parts.password or "")
    yield headers_of(endpoint, settings).get("Authorization", "").rpartition(" ")[2]


def check_transport(endpoint: EndpointSettings, settings: ModelSettings) -> None:
    """Raises: ModelUnfitError for a setting that no request could be sent with; says which, never its value."""
    if urlsplit(endpoint.base_url).scheme not in _SCHEMES or not endpoint.host:
        raise ModelUnfitError("the base URL of the model is no http or https URL")
    if urlsplit(endpoint.base_url).query or urlsplit(endpoint.base_url).fragment:
        raise ModelUnfitError("the base URL of the model holds a query or a fragment: a key belongs in OPENAI_API_KEY")
    if settings.proxy and urlsplit(settings.proxy.get_secret_value()).scheme not in _SCHEMES:
        raise ModelUnfitError("MCPSOC_MODEL_PROXY is no http or https URL")
    if not _sendable(key_of(endpoint)):
        raise ModelUnfitError("the key of the model holds a character that no header can")
    for name, value in settings.headers.items():
        if not name or not _sendable(name) or not _sendable(value.get_secret_value()):
            raise ModelUnfitError(f"MCPSOC_MODEL_HEADERS: {name!r} cannot be sent as a header")
    _trust(settings)


def _sendable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _trust(settings: ModelSettings) -> ssl.SSLContext | None:
    """The authorities of the CA file; None where there is none."""
    if settings.ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.ca.expanduser()))
    except (OSError, ssl.SSLError) as error:
        raise ModelUnfitError(f"MCPSOC_MODEL_CA cannot be read as certificates: {type(error).__name__}") from error


def open_clients(
    endpoint: EndpointSettings, settings: ModelSettings, timeout_s: float
) -> "tuple[DefaultAsyncHttpxClient, DefaultHttpxClient]":
    """Clients that keep their connections between requests; they open none before the first.

    What stays on this machine goes through a proxy only when one is set for models; elsewhere the proxy variables
    of the environment count as well. A redirect is not followed: what leaves goes where a person was told."""
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient, Timeout

    from agent.brain.endpoint.bounded import PLAIN, bound

    trust, proxy = _trusted(endpoint, settings), settings.proxy.get_secret_value() if settings.proxy else None
    timeout = Timeout(timeout_s + 1, connect=min(CONNECT_S, timeout_s))
    elsewhere = not endpoint.on_this_machine
    return (
        DefaultAsyncHttpxClient(
            proxy=proxy,
            verify=trust,
            trust_env=elsewhere,
            timeout=timeout,
            follow_redirects=False,
            headers={"Accept-Encoding": PLAIN},
            event_hooks={"response": [bound]},
        ),
        DefaultHttpxClient(proxy=proxy, verify=trust, trust_env=elsewhere, timeout=timeout, follow_redirects=False),
    )


def _trusted(endpoint: EndpointSettings, settings: ModelSettings) -> ssl.SSLContext | bool:
    """The authorities of the file, or the usual ones; where no TLS is spoken none at all, which need not be loaded."""
    if (trust := _trust(settings)) is not None:
        return trust
    if urlsplit(endpoint.base_url).scheme == "http" and endpoint.on_this_machine:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return True
