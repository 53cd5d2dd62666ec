"""Which secret stands for whom: the local token, the users' tokens, and the sessions opened with one of these."""

import hmac
import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from pydantic import ValidationError

from agent.errors import AgentError
from agent.models import JsonObject, Model, UtcTime, utc_now
from agent.response import tokens
from agent.response.errors import UsersError
from agent.response.identity import Identity, local_user
from agent.response.tokens import hash_of, new_token
from agent.response.users import User, load_users
from agent.settings import Settings as AgentSettings
from knowledge.trust.audit import AuditLog
from knowledge.trust.errors import TrustError
from knowledge.trust.owned_files import replace_file
from ui.api.errors import Refusal
from ui.api.models import SessionView
from ui.api.rates import Rate
from ui.api.settings import Settings
from ui.home import Home

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
"""How long a change of the files may go unnoticed; to look at every request would cost more than all else here."""
MOST_SESSIONS = 1000
WRONG_PER_S = 0.5
WRONG_AT_ONCE = 20


class Session(Model):
    """One session as it is kept: who shows its secret is whoever the token belongs to now."""

    sha256: str
    token_sha256: str
    expires_at: UtcTime


class SessionFile(Model):
    """All of them."""

    sessions: tuple[Session, ...] = ()


class Keyring:
    """Recognises secrets. Who is entered counts at once, who is revoked after `look_every_s` at the latest."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        operator: str,
        clock: Callable[[], datetime] = utc_now,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Raises: UsersError when the local token cannot be read or made."""
        self._home = home
        self._operator = operator
        self._clock = clock
        self._lasts = timedelta(hours=settings.session_hours)
        self._wrong = Rate(WRONG_PER_S, WRONG_AT_ONCE)
        self._holders: tuple[tuple[str, Identity], ...] = ()
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] = ()
        self._look_every_s = look_every_s
        self._looked_at = float("-inf")
        self._refresh()
        self._sessions = self._read_sessions()

    def find(self, secret: str) -> Identity | None:
        """The identity behind a token or a session; None for one that stands for nobody."""
        digest = hash_of(secret)
        self._refresh()
        if (known := self._known(digest)) is None:
            self._refresh(at_once=True)
            known = self._known(digest)
        return known

    def identify(self, secret: str) -> Identity:
        """The same. Raises: Refusal, 401 for one that stands for nobody, 429 after too many of these."""
        if (holder := self.find(secret)) is None:
            raise self._unknown("token or session")
        return holder

    def open_session(self, token: str) -> SessionView:
        """A session for whoever the token belongs to. Raises: Refusal, as `identify`."""
        digest, now = hash_of(token), self._clock()
        self._refresh(at_once=True)
        if (holder := self._holder(digest)) is None:
            raise self._unknown("token")
        secret, expires = new_token(), now + self._lasts
        kept = Session(sha256=hash_of(secret), token_sha256=digest, expires_at=expires)
        with self._lock:
            valid = [item for item in self._sessions.values() if item.expires_at > now][-(MOST_SESSIONS - 1) :]
            try:
                self._keep([*valid, kept])
            except UsersError as error:
                log.error("session_not_kept error=%s", error)  # it lasts until the next start
        return SessionView(session=secret, name=holder.name, roles=holder.roles, expires_at=expires)

    def end_session(self, secret: str) -> None:
        """End a session; of a token, nothing.

        Raises: Refusal, as `identify`; UsersError when it ended, but may be back after the next start."""
        self.identify(secret)
        digest = hash_of(secret)
        with self._lock:
            self._keep([item for item in self._sessions.values() if item.sha256 != digest])

    def audit_refusal(self, actor: str, data: JsonObject) -> None:
        """Write down that somebody was not allowed something; the first ones of a row."""
        if not self._wrong.take(f"not allowed: {actor}"):
            self.audit(actor, "api.refused", data)

    def audit(self, actor: str, event: str, data: JsonObject) -> None:
        """Write down something about access; when that is impossible, it is logged."""
        try:
            with closing(AuditLog(self._home.audit)) as audit:
                audit.append(AgentSettings().site_tenant, actor, event, data, self._clock())
        except TrustError as error:
            log.error("audit_failed event=%s error=%s", event, error)

    def _known(self, digest: str) -> Identity | None:
        """Who shows a secret with this hash, by a token or by a session that still lasts."""
        if (holder := self._holder(digest)) is not None:
            return holder
        session = self._sessions.get(digest)
        lasting = session is not None and session.expires_at > self._clock()
        return self._holder(session.token_sha256) if session is not None and lasting else None

    def _holder(self, digest: str) -> Identity | None:
        """Whose token has this hash; every one is compared, whichever fits."""
        found = None
        for known, identity in self._holders:
            if hmac.compare_digest(known, digest):
                found = identity
        return found

    def _unknown(self, what: str) -> Refusal:
        """The answer to a secret that stands for nobody; the first ones of a row are audited."""
        if wait := self._wrong.take("all"):
            later = {"retry-after": str(ceil(wait))}
            return Refusal(429, "too_many_refusals", "too many wrong tokens", "wait, and show the right one", later)
        self.audit("unknown", "api.refused", {"reason": f"{what} unknown or ended"})
        return Refusal(
            401,
            "not_recognised",
            "the token or session is unknown or has ended",
            "sign in again with the token in api.token in MCPSOC_HOME",
            {"www-authenticate": "Bearer"},
        )

    def _refresh(self, *, at_once: bool = False) -> None:
        """Read tokens and users again when a file changed. A faulty users file admits none of its users."""
        now = time.monotonic()
        if not at_once and now - self._looked_at < self._look_every_s:
            return
        self._looked_at = now
        stamp = (*_stamp(self._home.api_token), *_stamp(self._home.users))
        if stamp == self._stamp and self._holders:
            return
        mine = (hash_of(local_token(self._home)), local_user(self._operator))
        self._holders = (mine, *((user.token_sha256, user.identity) for user in self._users()))
        self._stamp = (*_stamp(self._home.api_token), *stamp[3:])

    def _users(self) -> tuple[User, ...]:
        """Everybody of the file but who calls themselves like the person who runs this: notes and conversations of
        the two could not be told apart."""
        try:
            users = load_users(self._home.users)
            return tuple(user for user in users if user.name.casefold() != self._operator.casefold())
        except AgentError as error:
            log.error("users_unreadable error=%s", error)
            return ()

    def _read_sessions(self) -> dict[str, Session]:
        """Sessions of before the last start; a file that cannot be read has none."""
        try:
            kept = SessionFile.model_validate_json(self._home.sessions.read_bytes()).sessions
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError):
            log.warning("sessions_unreadable path=%s", self._home.sessions.name)
            return {}
        return {session.sha256: session for session in kept}

    def _keep(self, sessions: list[Session]) -> None:
        self._sessions = {session.sha256: session for session in sessions}
        try:
            replace_file(self._home.sessions, SessionFile(sessions=tuple(sessions)).model_dump_json(indent=1))
        except OSError as error:
            raise UsersError(f"{self._home.sessions} cannot be written: {error}") from error


def local_token(home: Home) -> str:
    """The token of the person who runs our processes, made on first use. Raises: UsersError."""
    return tokens.local_token(home.api_token)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Differs once the file was written or replaced; noughts without a file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)
