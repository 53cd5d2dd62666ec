"""Shadow copies are deleted on a server: the eve of encryption, or the backup product making room."""

from servers.lab import telemetry as t
from servers.lab.background.machines import BACKUP_EXE, SERVICES_EXE
from servers.lab.reaction import Need
from servers.lab.records import Account, Event, Host, JsonObject
from servers.lab.stories.scene import Family, Plot, Scene

TECHNIQUES = ("T1490",)
VSSADMIN = "C:\\Windows\\System32\\vssadmin.exe"
SHELL = "C:\\Windows\\System32\\cmd.exe"
SC = "C:\\Windows\\System32\\sc.exe"


def plot(scene: Scene) -> Plot:
    """A service account deletes shadow copies on its server; from where it came and what it did next decides."""
    server, account, desk = _server(scene), _account(scene), scene.cast.desks[0]
    deleted = t.process(server, scene.at(), VSSADMIN, "vssadmin.exe delete shadows /for=D: /oldest /quiet")
    if scene.hostile:
        _attack(scene, server, account, desk, deleted)
    elif scene.benign:
        _maintenance(scene, server, account, deleted)
    entry = scene.entry("change", TECHNIQUES, hosts=[server], accounts=[account])
    return Plot(
        script=scene.script(),
        alert=_alert(server, account, deleted),
        required=_required(scene),
        indicators=(
            Need("disable_account", account.name),
            Need("isolate_host", server.name),
            Need("isolate_host", desk.name),
            Need("block_address", desk.ip),
        ),
        work=scene.registered(entry, ("account", "host", "hour")),
        gaps=scene.gaps(("edr", server)),
    )


def _server(scene: Scene) -> Host:
    if scene.cast.server is None:
        raise ValueError(f"no server was dealt to {scene.family}")
    return scene.cast.server


def _account(scene: Scene) -> Account:
    if scene.cast.service is None:
        raise ValueError(f"no service account was dealt to {scene.family}")
    return scene.cast.service


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("edr", "assets_list_authorised_work")
    return {"attack_killed_sensor": ("dc-security", "fileserver"), "sensor_blind": ()}.get(
        scene.kind, ("edr", "dc-security", "fileserver")
    )


def _alert(server: Host, account: Account, deleted: t.Process) -> JsonObject:
    return {
        **t.on_host(server),
        **t.by_user(account),
        "event.action": "start",
        "process.entity_id": deleted.entity_id,
        "process.pid": deleted.pid,
        "process.executable": deleted.executable,
        "process.command_line": deleted.command_line,
        "process.hash.sha256": deleted.sha256,
    }


def _attack(scene: Scene, server: Host, account: Account, desk: Host, deleted: t.Process) -> None:
    needs = (
        Need("disable_account", account.name),
        Need("isolate_host", server.name),
        Need("isolate_host", desk.name),
        Need("block_address", desk.ip),
    )
    shell = t.process(server, scene.at(minutes=-9), SHELL, "cmd.exe")
    explorer = t.process(server, scene.at(minutes=-10), "C:\\Windows\\explorer.exe")
    stop = t.process(server, scene.at(minutes=-2), SC, "sc.exe stop antivirus")
    came = [
        t.ticket(scene.at(minutes=-11), scene.controller(), account, desk.ip, f"host/{server.name}"),
        t.outbound(scene.at(minutes=-11), desk, server.ip, 3389, 7_400_000),
        t.logon(scene.at(minutes=-10.9), server, account, "remote", desk.ip),
    ]
    scene.step("log on from a desk", came, "T1021.001", needs)
    opened = t.started(scene.at(minutes=-9), server, account, shell, explorer, integrity="high")
    scene.step("open a shell", [opened], "T1059.003", needs)
    if scene.chance(0.65):
        stopped = [
            t.started(scene.at(minutes=-2), server, account, stop, shell, integrity="high"),
            t.service_change(scene.at(minutes=-1.9), server, account, "service_stopped", "antivirus", stop, desk.ip),
        ]
        scene.step("stop the antivirus", stopped, "T1562.001", needs)
    removed = t.started(scene.at(), server, account, deleted, shell, integrity="high")
    scene.step("delete shadow copies", [removed], "T1490", needs)
    scene.stop_agent(server, account, shell)
    begins, count = scene.rng.uniform(6, 75), scene.rng.randint(60, 160)
    scene.step("try the encryption", _renames(scene, server, account, scene.at(minutes=begins), count), "T1486", needs)
    scene.step("encrypt a share", _renames(scene, server, account, scene.later(25), 240), "T1486", needs)
    scene.step("encrypt the rest", _renames(scene, server, account, scene.later(80), 400), "T1486", needs)


def _renames(scene: Scene, server: Host, account: Account, first: int, count: int) -> list[Event]:
    """Files of the server's own share renamed one after the other."""
    share, suffix = f"\\\\{server.name}\\data", scene.word()
    events = []
    for number in range(count):
        name = f"{scene.document()}.{suffix}"
        at = first + number * 1_300
        events.append(t.share_access(at, server, account, server.ip, share, name, "rename", 51_200 + number))
    return events


def _maintenance(scene: Scene, server: Host, account: Account, deleted: t.Process) -> None:
    """The backup agent, started as a service by its account on the server itself, as on other days."""
    agent = t.process(server, scene.at(minutes=-4), BACKUP_EXE, f'"{BACKUP_EXE}" --retention')
    services = t.process(server, scene.at(minutes=-5), SERVICES_EXE)
    ran = [
        t.ticket(scene.at(minutes=-4.1), scene.controller(), account, server.ip, f"host/{server.name}"),
        t.logon(scene.at(minutes=-4), server, account, "service", server.ip),
        t.started(scene.at(minutes=-4), server, account, agent, services, integrity="high"),
        t.started(scene.at(), server, account, deleted, agent, integrity="high"),
    ]
    scene.step("make room", ran)
    store = scene.enterprise.by_kind["backup"][0]
    scene.step("copy the new backup", [t.outbound(scene.at(minutes=9), server, store.ip, 9392, 3_900_000_000)])


FAMILY = Family(
    name="ransomware_precursor",
    title="Shadow Copies Deleted",
    severity="critical",
    sensor="edr",
    category="process",
    techniques=TECHNIQUES,
    tags=("Domain: Endpoint", "Tactic: Impact"),
    plot=plot,
)
