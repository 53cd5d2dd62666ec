"""A request to an uploaded script on a web server: a web shell, or somebody testing for one."""

from servers.lab import telemetry as t
from servers.lab.reaction import Need
from servers.lab.records import Address, Event, Host, JsonObject
from servers.lab.stories.scene import Family, Plot, Scene

SERVICE = "C:\\Windows\\System32\\inetsrv\\w3wp.exe"
SHELL = "C:\\Windows\\System32\\cmd.exe"
AGENT = "Mozilla/5.0 (X11; Linux x64) Chrome/138.0"
PROBES = 46


def plot(scene: Scene) -> Plot:
    """Probing requests, then one that a script in the upload folder answers."""
    server, source = _server(scene), scene.cast.addresses[0]
    path = f"/uploads/{scene.word()}.aspx"
    needs = (Need("block_address", source.ip),)
    scene.step("probe the site", _probes(scene, server, source), "T1595.002", needs)
    asked = t.web_hit(scene.at(), server, source.ip, "POST", path, 200, 1_900, AGENT)
    scene.step(
        "ask the script", [t.inbound(scene.at(seconds=-1), server, source.ip, 443, 4_000), asked], "T1190", needs
    )
    if scene.hostile:
        _break_in(scene, server, source, path)
    else:
        scene.step("probe on", _probes(scene, server, source, after=True), needs=needs)
    entry = scene.entry(scene.rng.choice(("pentest", "scan")), FAMILY_TECHNIQUES, hosts=[server], sources=[source])
    return Plot(
        script=scene.script(),
        alert=_alert(server, source, path),
        required=_required(scene),
        indicators=(*needs, Need("isolate_host", server.name), Need("quarantine_file", scene.sha256("script"))),
        work=scene.registered(entry, ("host", "source", "hour")),
        intel=scene.rumours(source.ip, "address") if scene.hostile else (),
        gaps=scene.gaps(("edr", server)),
    )


FAMILY_TECHNIQUES = ("T1190", "T1505.003")


def _server(scene: Scene) -> Host:
    if scene.cast.server is None:
        raise ValueError(f"no server was dealt to {scene.family}")
    return scene.cast.server


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("webserver", "assets_list_authorised_work")
    return {"attack_killed_sensor": ("webserver", "firewall"), "sensor_blind": ()}.get(scene.kind, ("webserver", "edr"))


def _alert(server: Host, source: Address, path: str) -> JsonObject:
    return {
        **t.on_host(server),
        "source.ip": source.ip,
        "source.country": source.country,
        "destination.ip": server.ip,
        "event.action": "request",
        "event.outcome": "success",
        "url.full": f"https://{server.name}.halden.example{path}",
        "http.method": "POST",
        "http.status": 200,
        "user_agent": AGENT,
    }


def _probes(scene: Scene, server: Host, source: Address, *, after: bool = False) -> list[Event]:
    events = []
    first = scene.at(minutes=3) if after else scene.at(minutes=-26)
    for number in range(PROBES):
        at = first + number * 33_000
        word, suffix = scene.word(), scene.rng.choice(("php", "aspx", "bak", "zip", "config"))
        status = scene.rng.choice((404, 404, 404, 403, 500))
        events.append(t.inbound(at - 100, server, source.ip, 443, 1_400))
        events.append(t.web_hit(at, server, source.ip, "GET", f"/{word}.{suffix}", status, 700, AGENT))
    return events


def _break_in(scene: Scene, server: Host, source: Address, path: str) -> None:
    service = t.process(server, scene.at(minutes=-600), SERVICE, 'w3wp.exe -ap "DefaultAppPool"')
    needs = (Need("block_address", source.ip), Need("isolate_host", server.name))
    root = "C:\\inetpub\\wwwroot" + path.replace("/", "\\")
    script = scene.sha256("script")

    def run(at: int, line: str) -> list[Event]:
        asked = t.web_hit(at - 900, server, source.ip, "POST", path, 200, 2_400, AGENT)
        shell = t.process(server, at, SHELL, f"cmd.exe /c {line}")
        return [asked, t.started(at, server, None, shell, service, integrity="high")]

    written = t.touched(scene.at(seconds=-50), server, None, service, "create", root, script, 6_300)
    scene.step("write the script", [written], "T1505.003", (*needs, Need("quarantine_file", script)))
    scene.step("run a command", run(scene.at(seconds=24), "whoami"), "T1059.003", needs)
    scene.stop_agent(server, scene.enterprise.account["emergency-1"], service)
    begins = "run a command"
    if scene.kind == "attack_killed_sensor" or scene.chance(0.7):
        first, begins = scene.rng.uniform(4, 20), "connect back"
        back = [t.outbound(scene.at(minutes=first + n), server, source.ip, 8442, 22_000) for n in range(3)]
        scene.step(begins, back, "T1071.001", needs)
    if scene.chance(0.6):
        looked = run(scene.at(minutes=scene.rng.uniform(21, 80)), "net user & ipconfig /all")
        scene.step("look around", looked, "T1033", needs)
    every_s = scene.rng.randint(180, 1500)
    scene.beat(begins, every_s, lambda at, n: t.outbound(at, server, source.ip, 8442, 1_500 + n % 5 * 60), needs)
    scene.step("read the settings", run(scene.later(30), "type web.config"), "T1552.001", needs)
    scene.step("reach the database", [_to_database(scene, server, scene.later(75))], "T1210", needs)
    scene.step("take the data", [t.outbound(scene.later(110), server, source.ip, 8442, 290_000_000)], "T1041", needs)


def _to_database(scene: Scene, server: Host, at: int) -> Event:
    database = scene.enterprise.by_kind["database"][scene.slot]
    return t.outbound(at, server, database.ip, 1433, 310_000_000)


FAMILY = Family(
    name="web_shell",
    title="Uploaded Script Answered A Request",
    severity="high",
    sensor="webserver",
    category="web",
    techniques=FAMILY_TECHNIQUES,
    tags=("Domain: Network", "Tactic: Initial Access", "Tactic: Persistence"),
    plot=plot,
)
