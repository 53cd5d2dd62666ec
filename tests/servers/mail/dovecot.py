"""A real Dovecot for one test: maildirs of its own, free ports, never as root, ended with the test."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.real import free_port, program
from tests.servers.certificates import certificate

MASTER, MASTER_WORD = "auditor", "canary-master-word"


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server."""

    home: Path
    port: int
    tls_port: int
    owner: pwd.struct_passwd
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def die(self) -> None:
        """End the server."""
        for process in self.processes:
            process.terminate()
            process.wait(10)

    @property
    def ca_file(self) -> Path:
        """Who vouches for its certificate."""
        return self.home / "cert.pem"

    def add_user(self, name: str, password: str) -> None:
        """Somebody with a mailbox."""
        if name not in (self.home / "users").read_text():
            with (self.home / "users").open("a") as users:
                users.write(f"{name}:{{PLAIN}}{password}\n")
        self.inbox(name).mkdir(parents=True)
        for folder in (self.home / "mail", self.home / "mail" / name, self.inbox(name)):
            self._give(folder)

    def close(self, name: str) -> None:
        """Make somebody's mailbox one that cannot be opened."""
        (self.home / "mail" / name).chmod(0)

    def forget(self, name: str) -> None:
        """Delete somebody's mailbox."""
        (self.home / "mail" / name).chmod(0o700)
        shutil.rmtree(self.home / "mail" / name)

    def inbox(self, name: str) -> Path:
        """Where new messages of somebody lie."""
        return self.home / "mail" / name / "new"

    def deliver(self, name: str, message: bytes) -> Path:
        """Put a message into somebody's inbox."""
        number = len(list(self.inbox(name).iterdir())) + 1
        path = self.inbox(name) / f"{int(time.time())}.M{number}P{os.getpid()}.test"
        path.write_bytes(message)
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server that accepts connections."""
    binary = program("dovecot", "apt-get install dovecot-imapd")
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = Path(tempfile.mkdtemp(prefix="mcpsoc-imap-"))
    server = Dovecot(home, free_port(), free_port(), owner)
    try:
        _write(server)
        with (home / "out").open("wb") as out:
            who = (owner.pw_uid, owner.pw_gid) if os.geteuid() == 0 else (None, None)
            command = [binary, "-F", "-c", str(home / "dovecot.conf")]
            process = subprocess.Popen(command, stdout=out, stderr=out, user=who[0], group=who[1])
        server.processes.append(process)
        try:
            _wait(server, process)
            yield server
        finally:
            server.die()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _write(server: Dovecot) -> None:
    home, name = server.home, server.owner.pw_name
    (home / "users").write_text("")
    (home / "masters").write_text(f"{MASTER}:{{PLAIN}}{MASTER_WORD}\n")
    certificate(home)
    (home / "dovecot.conf").write_text(f"""
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
auth_failure_delay = 0
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
default_login_user = {name}
default_internal_user = {name}
default_internal_group = {_group(server.owner)}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{home}/mail/%u
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {server.port}
  }}
  inet_listener imaps {{
    port = {server.tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = {home}/masters
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={server.owner.pw_uid} gid={server.owner.pw_gid} home={home}/mail/%u allow_all_users=yes
}}
""")
    for path in (home, *home.iterdir()):
        server._give(path)


def _group(owner: pwd.struct_passwd) -> str:
    import grp

    return grp.getgrgid(owner.pw_gid).gr_name


def _wait(server: Dovecot, process: "subprocess.Popen[bytes]") -> None:
    import socket

    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", server.port)) == 0 and probe.recv(5).startswith(b"* OK"):
                return
    raise AssertionError((server.home / "out").read_text() + _log(server))


def _log(server: Dovecot) -> str:
    log = server.home / "log"
    return log.read_text() if log.exists() else ""
