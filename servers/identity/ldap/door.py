"""One session with a directory for each question: TLS, sign in, ask or change, leave.

Referrals are not followed and aliases not resolved; every search has a limit of time and of entries, and comes in
pages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from servers.errors import NotFoundError, RateLimitedError, ToolError
from servers.identity.ldap.entry import Entry
from servers.identity.settings import IdentitySettings

if TYPE_CHECKING:
    from ldap3 import Connection, Tls

Edit: TypeAlias = tuple[Literal["add", "delete"], str, str]
"""What is done to an attribute, and with which of its values."""
Scope: TypeAlias = Literal["BASE", "SUBTREE"]
PAGE: Final = 200
_PAGED: Final = "1.2.840.113556.1.4.319"
_MOST_VALUES: Final = 20_000
"""Values of one attribute that are kept."""


@dataclass(frozen=True, slots=True)
class Door:
    """The directory these settings lead to."""

    settings: IdentitySettings

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """Signed in, over TLS. Raises: ToolError(unreachable | untrusted | unauthorised | timeout)."""
        from ldap3.core.exceptions import LDAPException

        try:
            connection = self._connected()
        except LDAPException as error:
            raise _explained(error) from None
        try:
            yield Session(connection, self.settings)
        except LDAPException as error:
            raise _explained(error) from None
        finally:
            _left(connection)

    def _connected(self) -> "Connection":
        from ldap3 import NONE, SYNC, Connection, Server

        settings, secret = self.settings, self.settings.bind_password
        whole = max(1, round(settings.timeout_s))
        server = Server(settings.url, get_info=NONE, tls=_tls(settings), connect_timeout=whole)
        connection = Connection(
            server,
            user=settings.bind_dn,
            password="" if secret is None else secret.get_secret_value(),
            client_strategy=SYNC,
            auto_referrals=False,
            check_names=False,
            raise_exceptions=False,
            receive_timeout=whole,
        )
        try:
            connection.open(read_server_info=False)
            if not server.ssl:
                connection.start_tls(read_server_info=False)
            if not connection.bind(read_server_info=False):
                _check(connection.result)
                raise ToolError("unauthorised", "the directory does not let this server sign in", _BIND)
        except BaseException:
            _left(connection)
            raise
        return connection


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is signed in."""

    connection: "Connection"
    settings: IdentitySettings

    def search(
        self, base: str, condition: str, attributes: Sequence[str], scope: Scope = "SUBTREE", most: int | None = None
    ) -> Sequence[Entry]:
        """Entries below a name that fit. `condition` holds outside text only escaped.

        Raises: NotFoundError when there is no such entry to look at; ToolError(not_configured) when there is no such
        tree to look in; ToolError(too_large) for more entries than `most`."""
        most, found, cookie = most or self.settings.most_entries, list[Entry](), b""
        while True:
            self.connection.search(
                base,
                condition,
                search_scope=scope,
                dereference_aliases="NEVER",
                attributes=list(attributes),
                time_limit=max(1, round(self.settings.timeout_s)),
                paged_size=PAGE if scope == "SUBTREE" else None,
                paged_cookie=cookie or None,
            )
            if self.connection.result.get("result") == _NO_SUCH_ENTRY and scope == "SUBTREE":
                raise _NO_BASE
            _check(self.connection.result)
            found += [_entry(each) for each in self.connection.response or () if each["type"] == "searchResEntry"]
            if len(found) > most:
                raise ToolError("too_large", f"the directory has more than {most} such entries", "ask for less")
            if not (cookie := _cookie(self.connection.result)):
                return found

    def change(self, dn: str, edits: Sequence[Edit]) -> None:
        """Change values of one entry, all of them or none. Raises: ToolError."""
        changes: dict[str, list[tuple[str, list[str]]]] = {}
        for what, attribute, value in edits:
            changes.setdefault(attribute, []).append((f"MODIFY_{what.upper()}", [value]))
        modify: Callable[[str, Mapping[str, object]], object] = self.connection.modify
        modify(dn, changes)
        _check(self.connection.result)

    def who(self) -> str:
        """Who this server is to the directory, as `dn:...`."""
        return str(self.connection.extend.standard.who_am_i() or "")


def escaped(text: str) -> str:
    """A text as it may stand in a condition. Source: RFC 4515, 3."""
    from ldap3.utils.conv import escape_filter_chars

    return str(escape_filter_chars(text))


_NO_SUCH_ENTRY: Final = 32
_NO_BASE: Final = ToolError(
    "not_configured",
    "the part of the tree to look in is not there, or closed to this server's account",
    "see MCPSOC_IDENTITY_USER_BASE and MCPSOC_IDENTITY_GROUP_BASE",
)
_BIND: Final = "see MCPSOC_IDENTITY_BIND_DN and its password"
_CODES: Final[Mapping[int, tuple[str, str, str]]] = {
    3: ("timeout", "the directory took too long", "ask for less"),
    4: ("too_large", "the directory does not give that many entries", "raise its size limit for this server's account"),
    10: ("referral", "the directory refers to another one, which is not followed", "configure that one"),
    11: (
        "too_large",
        "the directory does not give that many entries",
        "raise its size limit for this server's account",
    ),
    13: ("unauthorised", "the directory wants a stronger way of signing in", _BIND),
    16: ("conflict", "the entry is no longer what it was when it was read", "look again"),
    20: ("conflict", "the entry is no longer what it was when it was read", "look again"),
    48: ("unauthorised", "the directory does not let this server sign in", _BIND),
    49: ("unauthorised", "the directory does not know this server's account and password", _BIND),
    50: ("forbidden", "the directory does not permit this to the server's account", "see the least privilege it needs"),
    51: ("rate_limited", "the directory is busy", ""),
    52: ("unreachable", "the directory is not available", ""),
    53: ("refused_by_backend", "the directory is unwilling to do this", "its log has the reason"),
    65: ("refused_by_backend", "the entry would no longer fit its schema", "a group keeps at least one member"),
}
"""Results of RFC 4511, 4.1.9, that a caller can do something about. What the directory writes beside them is outside
text and stays out."""


def _check(result: Mapping[str, object]) -> None:
    """Raises: NotFoundError, ToolError for a result that is no success."""
    code = result.get("result")
    if code == 0:
        return
    if code == _NO_SUCH_ENTRY:
        raise NotFoundError("the directory has no such entry")
    if code == 51:
        raise RateLimitedError("the directory is busy", 5)
    known = _CODES.get(code) if isinstance(code, int) else None
    raise ToolError(*(known or ("refused_by_backend", f"the directory answered with result {code}", "")))


def _explained(error: Exception) -> ToolError:
    """What went wrong on the way, without the words of the other side."""
    from ldap3.core import exceptions

    if (
        isinstance(error, exceptions.LDAPStartTLSError | exceptions.LDAPSocketOpenError)
        and "cert" in str(error).lower()
    ):
        return ToolError("untrusted", "the directory's certificate is not trusted", "see MCPSOC_IDENTITY_CA_FILE")
    if isinstance(error, exceptions.LDAPStartTLSError | exceptions.LDAPSSLConfigurationError):
        return ToolError("untrusted", "no protected connection to the directory came about", "it has to offer TLS")
    if isinstance(error, exceptions.LDAPResponseTimeoutError):
        return ToolError("timeout", "the directory took too long", "ask for less")
    if isinstance(error, exceptions.LDAPCommunicationError):
        return ToolError("unreachable", "the directory cannot be reached", "see MCPSOC_IDENTITY_URL")
    return ToolError("refused_by_backend", f"the directory was asked in vain ({type(error).__name__})", "")


def _entry(found: Mapping[str, object]) -> Entry:
    raw = found.get("raw_attributes")
    pairs = raw.items() if isinstance(raw, Mapping) else ()
    values = {
        str(name).lower(): [each.decode("utf-8", "replace") for each in row[:_MOST_VALUES]] for name, row in pairs
    }
    return Entry(str(found["dn"]), values)


def _cookie(result: Mapping[str, object]) -> bytes:
    """Where the next page begins; empty after the last."""
    controls = result.get("controls")
    paging = controls.get(_PAGED) if isinstance(controls, Mapping) else None
    value = paging.get("value") if isinstance(paging, Mapping) else None
    cookie = value.get("cookie") if isinstance(value, Mapping) else None
    return cookie if isinstance(cookie, bytes) else b""


def _left(connection: "Connection") -> None:
    """Leave, whatever state the session is in."""
    from ldap3.core.exceptions import LDAPException

    with suppress(LDAPException, OSError):
        connection.unbind()
    if connection.socket is not None:
        connection.socket.close()


def _tls(settings: IdentitySettings) -> "Tls":
    """TLS as Python's own library checks it: chain and name, always."""
    import ssl

    from ldap3 import Connection, Tls

    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError):
        raise ToolError(
            "not_configured", "the authority's file cannot be read", "see MCPSOC_IDENTITY_CA_FILE"
        ) from None

    class Checked(Tls):
        """Takes the place of the library's own checks, which are looser."""

        def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
            """Begin TLS on the socket of a session."""
            host = str(connection.server.host).strip("[]")
            connection.socket = context.wrap_socket(connection.socket, server_hostname=host)

    return Checked(validate=ssl.CERT_REQUIRED)
