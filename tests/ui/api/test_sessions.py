"""Who is recognised: tokens, sessions, and what ends them."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.response.errors import UsersError
from agent.response.users import add_user, revoke_user
from knowledge.trust.audit import AuditLog
from knowledge.trust.owned_files import replace_file
from ui.api.errors import Refusal
from ui.api.keyring import WRONG_AT_ONCE, Keyring, local_token
from ui.api.settings import Settings
from ui.home import Home

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").make()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(home: Home, clock: Clock) -> Callable[[], Keyring]:
    """Starts the service's keyring, as often as it is restarted."""
    return lambda: Keyring(home, Settings(), "ana", clock, look_every_s=0.0)


def refusal(keyring: Keyring, secret: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        keyring.identify(secret)
    return refused.value


def test_local_token_is_the_person_who_runs_it(home: Home, start: Callable[[], Keyring]) -> None:
    """Who can read the file runs the processes."""
    who = start().identify(local_token(home))

    assert (who.name, who.roles, who.kind) == ("ana", ("admin",), "os_user")


def test_token_of_a_user_is_that_user(home: Home, start: Callable[[], Keyring]) -> None:
    """Entered while the service runs, it counts at once."""
    keyring = start()
    token = add_user(home.users, "kim", ("analyst",))

    assert keyring.identify(token).name == "kim"


@pytest.mark.parametrize("secret", ["", "x", "admin", "0" * 64, "ünïcode", "\ud800"])
def test_anything_else_is_nobody(start: Callable[[], Keyring], secret: str) -> None:
    """In particular not a hash from the file."""
    assert refusal(start(), secret).status == 401


def test_hash_of_a_token_is_no_token(home: Home, start: Callable[[], Keyring]) -> None:
    """Whoever stole users.toml or sessions.json has nothing to show."""
    keyring = start()
    add_user(home.users, "kim", ("analyst",))
    keyring.open_session(local_token(home))
    kept = json.loads(home.sessions.read_text(encoding="utf-8"))["sessions"][0]
    hashes = [kept["sha256"], kept["token_sha256"]]

    assert [refusal(keyring, value).status for value in hashes] == [401, 401]


def test_session_outlives_a_restart_and_ends_by_itself(home: Home, start: Callable[[], Keyring], clock: Clock) -> None:
    """Restarting the service signs nobody out; half a day later everybody signs in again."""
    session = start().open_session(local_token(home))

    clock.now = session.expires_at - timedelta(seconds=1)
    assert start().identify(session.session).name == "ana"
    clock.now = session.expires_at
    assert refusal(start(), session.session).status == 401
    assert session.expires_at == START + timedelta(hours=12)


def test_sessions_opened_at_once_are_all_kept(home: Home, start: Callable[[], Keyring]) -> None:
    """A page with several tabs signs in several times."""
    keyring, token = start(), local_token(home)
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: keyring.open_session(token).session, range(24)))

    assert [start().identify(session).name for session in opened] == ["ana"] * 24


def test_ended_session_is_over(home: Home, start: Callable[[], Keyring]) -> None:
    """Signing out ends this session, not the others and not the token."""
    keyring = start()
    first, second = (keyring.open_session(local_token(home)).session for _ in range(2))

    keyring.end_session(first)

    assert refusal(keyring, first).status == 401
    assert refusal(start(), first).status == 401
    assert keyring.identify(second).name == "ana"
    keyring.end_session(local_token(home))
    assert keyring.identify(local_token(home)).name == "ana"


def test_revoked_user_loses_every_session(home: Home, start: Callable[[], Keyring]) -> None:
    """Else somebody who left would stay for half a day."""
    keyring = start()
    session = keyring.open_session(add_user(home.users, "kim", ("analyst",))).session

    revoke_user(home.users, "kim")

    assert refusal(keyring, session).status == 401


def test_session_has_the_roles_its_user_has_now(home: Home, start: Callable[[], Keyring]) -> None:
    """A role that was taken away is not kept by a session."""
    keyring = start()
    session = keyring.open_session(add_user(home.users, "kim", ("admin",))).session
    replace_file(home.users, home.users.read_text(encoding="utf-8").replace('"admin"', '"viewer"'))

    assert keyring.identify(session).roles == ("viewer",)


def test_session_opens_no_session(home: Home, start: Callable[[], Keyring]) -> None:
    """Else it would never end."""
    keyring = start()
    session = keyring.open_session(local_token(home)).session

    with pytest.raises(Refusal):
        keyring.open_session(session)


def test_new_local_token_ends_what_the_old_one_opened(home: Home, start: Callable[[], Keyring]) -> None:
    """Removing api.token is how a leaked one is changed."""
    keyring = start()
    old = local_token(home)
    session = keyring.open_session(old).session
    home.api_token.unlink()

    assert [refusal(keyring, secret).status for secret in (old, session)] == [401, 401]
    assert keyring.identify(local_token(home)).name == "ana"


def test_faulty_users_file_admits_none_of_its_users(home: Home, start: Callable[[], Keyring]) -> None:
    """The local person still gets in, to mend it."""
    keyring = start()
    token = add_user(home.users, "kim", ("analyst",))
    home.users.write_text(home.users.read_text(encoding="utf-8") + "\nbroken", encoding="utf-8")

    assert refusal(keyring, token).status == 401
    assert keyring.identify(local_token(home)).name == "ana"


def test_user_with_the_name_of_the_operator_is_nobody(home: Home, start: Callable[[], Keyring]) -> None:
    """Written into the file by hand, or entered before somebody else ran it: conversations belong to a name."""
    token = add_user(home.users, "Ana", ("analyst",))

    assert refusal(start(), token).status == 401


def test_faulty_session_file_signs_everybody_out(home: Home, start: Callable[[], Keyring]) -> None:
    """It does not keep the service from starting."""
    session = start().open_session(local_token(home)).session
    home.sessions.write_text("{", encoding="utf-8")

    assert refusal(start(), session).status == 401


def test_guessing_is_slowed_down_and_audited_without_what_was_guessed(home: Home, start: Callable[[], Keyring]) -> None:
    """The right token still gets in meanwhile; the log does not fill up."""
    keyring = start()
    answers = [refusal(keyring, f"guess-{number}").status for number in range(WRONG_AT_ONCE + 30)]

    assert answers == [401] * WRONG_AT_ONCE + [429] * 30
    assert keyring.identify(local_token(home)).name == "ana"
    with closing(AuditLog(home.audit)) as audit:
        entries = audit.entries("default", limit=1000)
    assert {(entry.actor, entry.event) for entry in entries} == {("unknown", "api.refused")}
    assert len(entries) == WRONG_AT_ONCE
    assert "guess" not in str(entries)


def test_no_secret_is_kept_or_logged(
    home: Home, start: Callable[[], Keyring], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a file, not in the audit log, not in a log line; only api.token holds its own."""
    caplog.set_level(logging.DEBUG)
    keyring = start()
    tokens = [add_user(home.users, "kim", ("analyst",)), local_token(home)]
    secrets = [*tokens, *(keyring.open_session(token).session for token in tokens), "wrong-guess-of-somebody"]
    refusal(keyring, secrets[-1])
    for secret in secrets[:-1]:
        keyring.identify(secret)

    written = [path for path in home.root.rglob("*") if path.is_file() and path != home.api_token]
    texts = [path.read_bytes() for path in written] + [caplog.text.encode()]
    assert [secret for secret in secrets for text in texts if secret.encode() in text] == []
    assert home.sessions.stat().st_mode & 0o777 == 0o600


def test_full_disk_keeps_nobody_from_signing_in(home: Home, start: Callable[[], Keyring]) -> None:
    """The session lasts until the next start; that one which was ended may come back then is said."""
    keyring = start()
    home.sessions.mkdir()

    session = keyring.open_session(local_token(home))

    assert keyring.identify(session.session).name == "ana"
    with pytest.raises(UsersError):
        keyring.end_session(session.session)
    assert refusal(keyring, session.session).status == 401
