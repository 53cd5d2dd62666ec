"""`mcpsoc users` from outside: the token is shown once, and everything is written down."""

import json
from contextlib import closing

from agent.response.tokens import hash_of
from agent.response.users import load_users
from knowledge.trust.audit import AuditLog
from tests.ui.conftest import CommandLine
from ui.home import Home


def test_user_is_entered_listed_and_revoked(run: CommandLine) -> None:
    """The token alone is on stdout, so that a script can keep it; afterwards nobody can show it again."""
    added = run("users", "add", "siem", "--role", "service")
    listed = run("users", "ls", "--json")
    again = run("users", "add", "siem", "--role", "viewer")
    (user,) = load_users(Home(run.home).users)
    revoked = run("users", "revoke", "siem")
    gone = run("users", "revoke", "siem", "--lang", "zh")

    token = added.stdout.strip()
    assert (added.returncode, user.token_sha256) == (0, hash_of(token))
    assert json.loads(listed.stdout) == [{"name": "siem", "roles": ["service"]}]
    assert again.returncode == 1
    assert "siem" in again.stderr
    assert (revoked.returncode, gone.returncode) == (0, 1)
    assert load_users(Home(run.home).users) == ()
    with closing(AuditLog(Home(run.home).audit)) as audit:
        entries = audit.entries("default")
    assert [entry.event for entry in entries] == ["user.added", "user.revoked"]
    assert token not in str(entries)


def test_name_of_the_person_who_runs_it_is_nobody_elses(run: CommandLine) -> None:
    """Their conversations would be shared, and their notes and closings signed alike."""
    answer = run("users", "add", "Ana", "--role", "viewer", MCPSOC_OPERATOR="ana")

    assert answer.returncode == 1
    assert "taken" in answer.stderr


def test_what_is_written_is_for_its_owner_alone(run: CommandLine) -> None:
    """The folder may have been made by somebody who lets everybody look into it."""
    run.home.mkdir(mode=0o755)
    run.home.chmod(0o755)
    run("users", "add", "siem", "--role", "service")

    written = [path for path in run.home.rglob("*") if not path.name.endswith(".pub")]
    assert {"users.toml", "audit.db"} <= {path.name for path in written}
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []
