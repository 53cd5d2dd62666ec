"""Checks of the files in a home that are no databases."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Error as SqliteError

from agent.errors import ConnectionConfigError, PinError
from agent.host.connections import from_mcp_servers
from agent.host.pins import PinStore
from knowledge.trust.errors import KeyFileError
from knowledge.trust.keys import SigningKey, known_keys
from ui.authorisations import load
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings
from ui.errors import CheckFailedError
from ui.follow import Positions


def check_home(around: Surroundings) -> Iterator[Problem]:
    """The home is a folder, its owner can write there, and nobody else can look in."""
    t, root = around.t, around.home.root
    if not root.exists():
        return
    if not root.is_dir():
        yield Problem(t("{path} is not a folder", path=root), t("point MCPSOC_HOME at a folder"))
        return
    mode = stat.S_IMODE(root.stat().st_mode)
    if not mode & stat.S_IWUSR or not os.access(root, os.W_OK | os.X_OK):
        yield Problem(t("{path} cannot be written", path=root), t("run: {command}", command=f"chmod u+rwx {root}"))
    if mode & 0o077:
        yield Problem(
            t("other users of this machine can look into {path}", path=root),
            t("run: {command}", command=f"chmod 700 {root}"),
            serious=False,
        )


def check_owner(around: Surroundings) -> Iterator[Problem]:
    """Every file of the home belongs to the person who runs this."""
    strange = [path for path in _files(around.home.root) if path.lstat().st_uid != around.user_id]
    if strange:
        yield Problem(
            around.t("{path} belongs to another user", path=strange[0]),
            around.t("run: {command}", command=f"sudo chown -R {around.user_id} {around.home.root}"),
        )


def check_keys(around: Surroundings) -> Iterator[Problem]:
    """Private keys are readable by their owner alone, and keys are keys."""
    t, folder = around.t, around.home.keys
    for path in sorted(folder.glob("*.key")):
        if path.stat().st_mode & 0o077:
            command = f"chmod 600 {path}"
            yield Problem(t("the key {path} is open to other users", path=path), t("run: {command}", command=command))
            continue
        try:
            SigningKey.load(path)
        except KeyFileError as error:
            yield Problem(
                str(error), t("bring {path} back from a backup; a new key cannot check old exports", path=path)
            )
    try:
        known_keys(folder)
    except KeyFileError as error:
        yield Problem(str(error), t("bring {path} back from a backup; a new key cannot check old exports", path=folder))


def check_servers(around: Surroundings) -> Iterator[Problem]:
    """The file of other people's servers can be read, and their commands are there."""
    t, path = around.t, around.home.servers
    if not path.exists():
        return
    try:
        connections = from_mcp_servers(path)
    except ConnectionConfigError as error:
        fix = t("mend the file; it is JSON with one object mcpServers, each entry with a command or a url")
        yield Problem(str(error), fix)
        return
    for connection in connections:
        command = connection.entry.command
        if command is not None and shutil.which(command) is None:
            yield Problem(
                t("server {name}: the command {command} is not there", name=connection.name, command=command),
                t("install it, or write its full path into {path}", path=path),
            )


def check_pins(around: Surroundings) -> Iterator[Problem]:
    """The file of accepted tool definitions can be read."""
    try:
        PinStore(around.home.pins)
    except PinError as error:
        yield Problem(
            str(error),
            around.t("move {path} away; every tool is then asked about again", path=around.home.pins),
        )


def check_authorisations(around: Surroundings) -> Iterator[Problem]:
    """The register of authorised work can be read."""
    try:
        load(around.home.authorisations)
    except CheckFailedError as error:
        yield Problem(
            around.t(error.template, **error.values),
            around.t("mend the file or bring it back from a backup; until then no work counts as authorised"),
        )


def check_leftovers(around: Surroundings) -> Iterator[Problem]:
    """No file of a process that died in the middle of something is left."""
    for path in _files(around.home.root):
        owner = path.name.rpartition(".")[2]
        unfinished = path.name.startswith(".") and owner.isdigit() and not _alive(int(owner))
        if unfinished or path.name == "lab.building.db":
            yield Problem(
                around.t("{path} was left by a process that died", path=path),
                around.t("remove it: {command}", command=f"rm {path}"),
                serious=False,
            )


def check_followed(around: Surroundings) -> Iterator[Problem]:
    """Files that `triage --watch` follows are still there."""
    path = around.home.positions
    if not path.exists():
        return
    try:
        followed = Positions(path).paths()
    except SqliteError:
        return
    for name in followed:
        if not name.exists():
            yield Problem(
                around.t("{path} was followed and is no longer there", path=name),
                around.t("follow the file's new place: {command}", command="mcpsoc triage --watch PATH"),
                serious=False,
            )


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
