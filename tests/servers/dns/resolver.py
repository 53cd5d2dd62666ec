"""An Unbound of our own on a free port of loopback, with a control socket and a log in the test's folder."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

from servers.dns.settings import DnsSettings
from tests.real import free_port, listens, program
from tests.servers.waiting import until

_CONFIGURATION = """
server:
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{home}"
  interface: 127.0.0.1
  port: {port}
  use-syslog: no
  logfile: "{home}/query.log"
  log-queries: yes
  log-replies: yes
  module-config: "iterator"
  local-zone: "test." static
  local-data: "www.evil.test. 60 A 192.0.2.7"
  local-data: "evil.test. 60 A 192.0.2.8"
  local-zone: "held.test." always_nxdomain
include: "{home}/sinkholes.conf"
remote-control:
  control-enable: yes
  control-interface: "{home}/control"
  control-use-cert: no
"""


@dataclass
class Unbound:
    """One running resolver."""

    home: Path
    port: int
    program: str
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        """Run it until its control socket answers."""
        self.process = subprocess.Popen(
            [self.program, "-d", "-c", str(self.home / "unbound.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: listens(self.home / "control") or self.process.poll() is not None)
        assert self.process.poll() is None

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)

    def asked(self, name: str) -> str:
        """What a client gets for an address of that name: the addresses, or the code."""
        answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", 5, self.port)
        found = [item.to_text() for row in answer.answer for item in row]
        return ", ".join(found) or dns.rcode.to_text(answer.rcode())

    @property
    def settings(self) -> DnsSettings:
        """Settings of a server in front of it."""
        return DnsSettings(
            backend="unbound",
            control_socket=self.home / "control",
            log=self.home / "query.log",
            port=self.port,
            sinkhole_file=self.home / "sinkholes.conf",
            own_domains=("own.test",),
        )


@contextmanager
def unbound(home: Path) -> Iterator[Unbound]:
    """A running resolver, ended afterwards."""
    found = program("unbound", "apt-get install unbound")
    port = free_port()
    (home / "sinkholes.conf").touch()
    (home / "unbound.conf").write_text(_CONFIGURATION.format(home=home, port=port))
    resolver = Unbound(home, port, found)
    resolver.start()
    try:
        yield resolver
    finally:
        resolver.stop()
