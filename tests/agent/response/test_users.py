"""Users and tokens on disk: nothing secret is kept, nothing half-written is read."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.response.errors import UsersError
from agent.response.tokens import hash_of, local_token
from agent.response.users import add_user, load_users, revoke_user


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return tmp_path / "users.toml"


def test_only_the_hash_of_a_token_is_kept(users: Path) -> None:
    """Whoever reads the file cannot sign in with what it holds."""
    token = add_user(users, "kim", ("analyst",))

    (kim,) = load_users(users)
    assert kim.token_sha256 == hash_of(token)
    assert token not in users.read_text(encoding="utf-8")
    assert (kim.name, kim.roles, users.stat().st_mode & 0o777) == ("kim", ("analyst",), 0o600)


def test_revoked_user_is_gone(users: Path) -> None:
    """The others stay."""
    add_user(users, "kim", ("analyst",))
    add_user(users, "siem", ("service",))

    revoke_user(users, "kim")

    assert [(user.name, user.identity.kind) for user in load_users(users)] == [("siem", "service")]
    with pytest.raises(UsersError, match="no user kim"):
        revoke_user(users, "kim")


@pytest.mark.parametrize("name", ["KIM", "mcpsoc", "unknown", "", "a b", "x\ny", '"', "ä"])
def test_name_that_could_be_taken_for_another_is_refused(users: Path, name: str) -> None:
    """Notes and audit entries are signed with it."""
    add_user(users, "kim", ("analyst",))

    with pytest.raises(UsersError):
        add_user(users, name, ("viewer",))

    assert [user.name for user in load_users(users)] == ["kim"]


def test_role_that_does_not_exist_is_refused(users: Path) -> None:
    """A misspelt role would be no role, or worse."""
    with pytest.raises(UsersError, match="roles"):
        add_user(users, "kim", ("administrator",))
    with pytest.raises(UsersError, match="roles"):
        add_user(users, "kim", ())


@pytest.mark.parametrize(
    "text",
    [
        "[[user]]\nname = 'kim'\nroles = ['analyst']\n",
        "[[user]]\nname = 'kim'\nroles = ['boss']\ntoken_sha256 = '" + "0" * 64 + "'\n",
        "[[user]]\nname = 'kim'\nroles = ['viewer']\ntoken_sha256 = 'plain'\n",
        "not toml",
        2 * ("[[user]]\nname = 'kim'\nroles = ['viewer']\ntoken_sha256 = '" + "0" * 64 + "'\n"),
    ],
)
def test_faulty_file_is_refused_as_a_whole(users: Path, text: str) -> None:
    """Half a list of users is not a list of users."""
    users.write_text(text, encoding="utf-8")

    with pytest.raises(UsersError, match=r"users\.toml"):
        load_users(users)


def test_users_entered_at_once_are_all_there(users: Path) -> None:
    """Two administrators, one file."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add_user(users, f"user{number}", ("viewer",)), range(16)))

    assert len(load_users(users)) == 16


def test_local_token_is_made_once_for_everybody_who_asks(tmp_path: Path) -> None:
    """API, page and command line start together and have to agree."""
    path = tmp_path / "home" / "api.token"
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: local_token(path), range(16)))

    assert len(tokens) == 1
    assert len(tokens.pop()) >= 43
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["api.token"]


def test_emptied_token_file_is_no_token(tmp_path: Path) -> None:
    """An empty secret would let everybody in."""
    path = tmp_path / "api.token"
    path.write_text("\n", encoding="ascii")

    with pytest.raises(UsersError, match="holds no token"):
        local_token(path)
