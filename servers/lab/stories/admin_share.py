"""An administrator installs a service on another desk over the network: an intruder moving on, or a roll-out."""

from servers.lab import telemetry as t
from servers.lab.background.workday import shell_of
from servers.lab.reaction import Need
from servers.lab.records import Account, Event, Host, JsonObject
from servers.lab.stories.scene import MINUTE, Family, Gap, Plot, Scene

TECHNIQUES = ("T1021.002", "T1569.002")
SERVICES_EXE = "C:\\Windows\\System32\\services.exe"
POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
LSASS = "C:\\Windows\\System32\\lsass.exe"


def plot(scene: Scene) -> Plot:
    """A service appears on the first of several desks; its program, and the desk it came from, decide."""
    source, targets, admin = scene.cast.desks[0], scene.cast.desks[1:], _admin(scene)
    service, name = scene.word(), scene.tool()
    content = scene.sha256("service")
    needs = (
        Need("disable_account", admin.name),
        Need("isolate_host", source.name),
        Need("block_address", source.ip),
        Need("quarantine_file", content),
    )
    if scene.hostile:
        if scene.chance(0.7):
            _steal_credentials(scene, source)
    elif scene.benign:
        _usual_place(scene, source, admin)
    else:
        _seen_once(scene, source, admin)
    for number, target in enumerate(targets[:1] if scene.kind == "sensor_blind" else targets):
        at = scene.at(seconds=100 * number)
        installed = _install(scene, at, source, target, admin, service, name, content)
        scene.step(f"reach desk {number + 1}", installed, "T1021.002", (*needs, Need("isolate_host", target.name)))
    if scene.hostile:
        _go_on(scene, source, targets, admin, name, content, needs)
    entry = scene.entry("change", TECHNIQUES, hosts=targets, accounts=[admin], sources=[source])
    return Plot(
        script=scene.script(),
        alert=_alert(scene, source, targets[0], admin, service, name, content),
        required=_required(scene),
        indicators=(
            *needs,
            *(Need("isolate_host", target.name) for target in targets),
            Need("disable_account", scene.cast.accounts[0].name),
            Need("block_address", scene.cast.addresses[0].ip),
        ),
        work=scene.registered(entry, ("account", "host", "source", "hour")),
        files=(scene.known_file(content, name),) if scene.benign else (),
        gaps=_gaps(scene, source, targets),
    )


def _gaps(scene: Scene, source: Host, targets: tuple[Host, ...]) -> tuple[Gap, ...]:
    if scene.kind == "sensor_blind":
        return scene.gaps(("edr", source), *(("edr", target) for target in targets))
    return scene.gaps(("edr", targets[0]))


def _admin(scene: Scene) -> Account:
    if scene.cast.admin is None:
        raise ValueError(f"no administrator was dealt to {scene.family}")
    return scene.cast.admin


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("edr", "assets_list_authorised_work")
    return () if scene.kind == "sensor_blind" else ("edr",)


def _program(scene: Scene, at: int, target: Host, name: str, content: str) -> t.Process:
    return t.process(target, at, f"C:\\Windows\\{name}", f"C:\\Windows\\{name} -k", content)


def _alert(
    scene: Scene, source: Host, target: Host, admin: Account, service: str, name: str, content: str
) -> JsonObject:
    program = _program(scene, scene.at(), target, name, content)
    return {
        **t.on_host(target),
        **t.by_user(admin),
        "source.ip": source.ip,
        "event.action": "service_installed",
        "service.name": service,
        "process.entity_id": program.entity_id,
        "process.executable": program.executable,
        "process.hash.sha256": content,
        "file.hash.sha256": content,
    }


def _install(
    scene: Scene, at: int, source: Host, target: Host, admin: Account, service: str, name: str, content: str
) -> list[Event]:
    program = _program(scene, at, target, name, content)
    parent = t.process(target, at - 60 * MINUTE, SERVICES_EXE)
    return [
        t.ticket(at - 3_000, scene.controller(), admin, source.ip, f"cifs/{target.name}"),
        t.outbound(at - 2_600, source, target.ip, 445, 1_900_000),
        t.logon(at - 2_500, target, admin, "network", source.ip),
        t.touched(at - 1_500, target, admin, parent, "create", program.executable, content, 611_000),
        t.service_change(at, target, admin, "service_installed", service, program, source.ip),
        t.started(at + 400, target, None, program, parent, integrity="system"),
    ]


def _steal_credentials(scene: Scene, source: Host) -> None:
    owner = scene.cast.accounts[0]
    at = scene.at(minutes=-scene.rng.uniform(15, 100))
    path = f"C:\\Users\\{owner.name}\\AppData\\Local\\Temp\\{scene.tool()}"
    reader = t.process(source, at, path, f"{path} -a", scene.sha256("reader"))
    started = t.started(at, source, owner, reader, shell_of(source, scene.at(minutes=-150)), integrity="high")
    read = t.memory_read(at + 2_000, source, owner, reader, LSASS)
    scene.step("read credentials", [started, read], "T1003.001", (Need("isolate_host", source.name),))


def _usual_place(scene: Scene, source: Host, admin: Account) -> None:
    """The administrator works from this desk on most days."""
    for day, at in zip((6, 5, 4, 3), scene.days_before((6, 5, 4, 3), minutes=-25), strict=True):
        server = scene.enterprise.hosts_named("deploy-")[0]
        scene.step(f"day {day} before", [t.ticket(at, scene.controller(), admin, source.ip, f"host/{server.name}")])


def _seen_once(scene: Scene, source: Host, admin: Account) -> None:
    """Neither usual nor new: the administrator was seen here once, some days ago."""
    at = scene.days_before((3,), minutes=-90)[0]
    server = scene.enterprise.hosts_named("deploy-")[0]
    scene.step("once before", [t.ticket(at, scene.controller(), admin, source.ip, f"host/{server.name}")])


def _go_on(
    scene: Scene,
    source: Host,
    targets: tuple[Host, ...],
    admin: Account,
    name: str,
    content: str,
    needs: tuple[Need, ...],
) -> None:
    first = targets[0]
    foothold = _program(scene, scene.at(), first, name, content)
    scene.stop_agent(first, admin, foothold)

    def search(at: int, line: str) -> list[Event]:
        shell = t.process(targets[1], at, POWERSHELL, line)
        parent = _program(scene, scene.at(seconds=100), targets[1], name, content)
        return [t.started(at, targets[1], None, shell, parent, integrity="system")]

    def domain(at: int) -> list[Event]:
        controller = scene.controller()
        return [
            t.ticket(at - 900, controller, admin, source.ip, f"cifs/{controller.name}"),
            t.outbound(at, source, controller.ip, 445, 88_000_000),
        ]

    scene.step("search the desk", search(scene.at(minutes=31), "Get-ChildItem -Recurse C:\\Users"), "T1083", needs)
    scene.step("reach a controller", domain(scene.later(35)), "T1021.002", needs)
    scene.step("copy the directory", domain(scene.later(90)), "T1003.003", needs)


FAMILY = Family(
    name="admin_share",
    title="Service Installed From Another Host",
    severity="high",
    sensor="edr",
    category="configuration",
    techniques=TECHNIQUES,
    tags=("Domain: Endpoint", "Tactic: Lateral Movement", "Tactic: Execution"),
    plot=plot,
)
