"""A Suricata of our own that listens on one end of a veth pair, each end in a namespace of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.ids.settings import IdsSettings
from tests.real import listens, program, root
from tests.servers.ids.packets import question
from tests.servers.waiting import until

CLIENT, SERVER = "10.99.7.1", "10.99.7.2"
_SEND = "import socket,sys; socket.socket(2, 2).sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], 53))"
_CONFIGURATION = """%YAML 1.1
---
vars:
  address-groups: {{HOME_NET: "any", EXTERNAL_NET: "any"}}
default-log-dir: {home}
default-rule-path: {home}
rule-files: [mcpsoc.rules]
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types: [{{alert: {{}}}}, {{dns: {{}}}}, {{flow: {{}}}}, {{stats: {{}}}}]
stats: {{enabled: yes, interval: 1}}
app-layer:
  protocols:
    http: {{enabled: yes}}
    tls: {{enabled: yes}}
    dns: {{udp: {{enabled: yes, detection-ports: {{dp: 53}}}}, tcp: {{enabled: yes, detection-ports: {{dp: 53}}}}}}
af-packet:
  - {{interface: sensor, threads: 1, cluster-id: 77, cluster-type: cluster_flow, defrag: yes}}
unix-command: {{enabled: yes, filename: {home}/control}}
"""


@dataclass(frozen=True)
class Sensor:
    """A running sensor and the namespace whose traffic it sees."""

    home: Path
    client: str
    program: str

    @property
    def settings(self) -> IdsSettings:
        """Settings of a server in front of it."""
        return IdsSettings(
            backend="suricata",
            eve=self.home / "eve.json",
            socket=self.home / "control",
            rules_file=self.home / "mcpsoc.rules",
            data_dir=self.home,
            program=self.program,
            roots=str(self.home),
        )

    def ask_for(self, name: str, server: str = SERVER) -> None:
        """Send a question for a name over the wire."""
        _run("ip", "netns", "exec", self.client, "python3", "-c", _SEND, server, question(name).hex())

    def alerts(self) -> list[str]:
        """Lines of the log with alerts."""
        log = self.home / "eve.json"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if '"event_type":"alert"' in line]

    def questions(self) -> int:
        """How many questions the sensor saw."""
        return (self.home / "eve.json").read_text().count('"event_type":"dns"')


@contextmanager
def sensor(home: Path) -> Iterator[Sensor]:
    """A running sensor; it and its namespaces are gone afterwards."""
    root()
    found, _ = program("suricata", "apt-get install suricata"), program("ip", "apt-get install iproute2")
    watched, client = f"mcpsoc-{os.getpid()}-ids-s", f"mcpsoc-{os.getpid()}-ids-c"
    (home / "engine.yaml").write_text(_CONFIGURATION.format(home=home))
    (home / "mcpsoc.rules").touch()
    with _pair(watched, client):
        words = ["-c", str(home / "engine.yaml"), "--af-packet=sensor", "--data-dir", str(home), "-k", "none"]
        process = subprocess.Popen(
            ["ip", "netns", "exec", watched, found, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: listens(home / "control") or process.poll() is not None, 30)
            assert process.poll() is None
            until(lambda: (home / "eve.json").exists() and '"stats"' in (home / "eve.json").read_text(), 30)
            yield Sensor(home, client, found)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _pair(watched: str, client: str) -> Iterator[None]:
    for name in (watched, client):
        _run("ip", "netns", "add", name)
    try:
        ends = ("ip", "link", "add", "sensor", "netns", watched, "type", "veth")
        _run(*ends, "peer", "name", "client", "netns", client)
        for name, link, address in ((watched, "sensor", SERVER), (client, "client", CLIENT)):
            _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            _run("ip", "-n", name, "link", "set", link, "up")
        yield
    finally:
        for name in (watched, client):
            _run("ip", "netns", "delete", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20, capture_output=True)
