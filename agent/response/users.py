"""Users other than the person who runs our processes: `users.toml`, with the hash of each token and never the token.

[[user]]
name = "j.haddad"
roles = ["analyst"]
token_sha256 = "…"
"""

import json
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from agent.models import Model
from agent.response.errors import UsersError
from agent.response.identity import Identity, Role, UserName
from agent.response.tokens import hash_of, new_token
from knowledge.trust.owned_files import alone, replace_file

RESERVED = frozenset({"mcpsoc", "unknown"})
"""Names that entries of the audit log are signed with when no person did it."""
HEAD = "# Who may use the API; written by `mcpsoc users`. Tokens are kept as SHA-256 only.\n"


class User(Model):
    """One entry of the file."""

    name: UserName
    roles: tuple[Role, ...] = Field(min_length=1)
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def identity(self) -> Identity:
        """Who somebody is that shows the token."""
        return Identity(name=self.name, roles=self.roles, kind="service" if self.roles == ("service",) else "user")


class UserFile(Model):
    """The file as a whole."""

    user: tuple[User, ...] = ()


def load_users(path: Path) -> tuple[User, ...]:
    """Every user, in file order; none when there is no file.

    Raises: UsersError for a file that cannot be read, is of another form, or names somebody twice."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        users = UserFile.model_validate(document).user
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise UsersError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise UsersError(f"{path}: {where}: {detail['msg']}") from error
    names = [user.name.casefold() for user in users]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsersError(f"{path} names {twice} twice")
    return users


def add_user(path: Path, name: str, roles: tuple[str, ...]) -> str:
    """Enter a user and return the token, which is not kept: whoever loses it gets a new entry.

    Raises: UsersError when the name or a role cannot be used, or the name is taken."""
    token = new_token()
    try:
        user = User.model_validate({"name": name, "roles": tuple(dict.fromkeys(roles)), "token_sha256": hash_of(token)})
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        raise UsersError(f"{detail['loc'][0]}: {detail['msg']}") from error
    with alone(path):
        users = load_users(path)
        if name.casefold() in {*RESERVED, *(known.name.casefold() for known in users)}:
            raise UsersError(f"the name {name} is taken")
        _write(path, (*users, user))
    return token


def revoke_user(path: Path, name: str) -> None:
    """Take a user out; the token and every session opened with it end at once.

    Raises: UsersError when there is no such user."""
    with alone(path):
        users = load_users(path)
        left = tuple(user for user in users if user.name != name)
        if len(left) == len(users):
            raise UsersError(f"there is no user {name}")
        _write(path, left)


def _write(path: Path, users: tuple[User, ...]) -> None:
    """Replace the file at once; JSON strings and arrays of these are TOML as well."""
    entries = [
        f"\n[[user]]\nname = {json.dumps(user.name)}\nroles = {json.dumps(list(user.roles))}\n"
        f"token_sha256 = {json.dumps(user.token_sha256)}\n"
        for user in users
    ]
    replace_file(path, HEAD + "".join(entries))
