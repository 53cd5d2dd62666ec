"""A document whose macro starts a script: a dropper from outside, or one of our own templates."""

from servers.lab import telemetry as t
from servers.lab.background.workday import OFFICE, shell_of
from servers.lab.casting import deal
from servers.lab.names import SUBJECTS
from servers.lab.reaction import Need
from servers.lab.records import Account, Event, Host, JsonObject, digest
from servers.lab.stories.scene import Family, Plot, Scene

POWERSHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"


def plot(scene: Scene) -> Plot:
    """A document is opened and its macro runs a script; what follows tells which it was."""
    host, account, name = scene.cast.desks[0], scene.cast.accounts[0], scene.document()
    content = scene.sha256("document")
    writer, script = _chain(host, account, name, scene.at(), scene.word())
    scene.step("open the document", _opened(scene, host, account, name, content, writer, script), "T1204.002")
    if scene.hostile:
        _intrusion(scene, host, account, content, script)
    elif scene.benign:
        _template(scene, host, account, name, content, script)
    entry = scene.entry("pentest", ("T1566.001", "T1059.001"), hosts=[host], accounts=[account])
    c2 = scene.cast.addresses[0]
    return Plot(
        script=scene.script(),
        alert=_alert(host, account, name, content, writer, script),
        required=_required(scene),
        indicators=(
            Need("block_address", c2.ip),
            Need("isolate_host", host.name),
            Need("disable_account", account.name),
            Need("quarantine_file", content),
            Need("quarantine_file", scene.sha256("payload")),
        ),
        work=scene.near_miss(entry, ("account", "host", "hour")),
        files=(scene.known_file(content, f"{name}.docm"),) if scene.benign else (),
        intel=scene.rumours(c2.ip, "address") if scene.hostile else (),
        gaps=scene.gaps(("edr", host)),
    )


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("edr", "intel_check_known")
    return {"attack_killed_sensor": ("mail",), "sensor_blind": ()}.get(scene.kind, ("edr", "mail", "firewall"))


def _chain(host: Host, account: Account, name: str, at: int, word: str) -> tuple[t.Process, t.Process]:
    """The word processor and the script it starts."""
    profile = f"C:\\Users\\{account.name}"
    writer = t.process(host, at - 9_000, OFFICE, f'"{OFFICE}" /n "{profile}\\Documents\\{name}.docm"')
    line = f"powershell.exe -NoProfile -WindowStyle Hidden -File {profile}\\AppData\\Local\\Temp\\{word}.ps1"
    return writer, t.process(host, at, POWERSHELL, line)


def _alert(host: Host, account: Account, name: str, content: str, writer: t.Process, script: t.Process) -> JsonObject:
    return {
        **t.on_host(host),
        **t.by_user(account),
        "event.action": "start",
        "process.entity_id": script.entity_id,
        "process.pid": script.pid,
        "process.executable": script.executable,
        "process.command_line": script.command_line,
        "process.hash.sha256": script.sha256,
        "process.parent.entity_id": writer.entity_id,
        "process.parent.executable": writer.executable,
        "process.parent.command_line": writer.command_line,
        "file.name": f"{name}.docm",
        "file.path": f"C:\\Users\\{account.name}\\Documents\\{name}.docm",
        "file.hash.sha256": content,
    }


def _opened(
    scene: Scene, host: Host, account: Account, name: str, content: str, writer: t.Process, script: t.Process
) -> list[Event]:
    path = f"C:\\Users\\{account.name}\\Documents\\{name}.docm"
    return [
        t.started(scene.at(seconds=-9), host, account, writer, shell_of(host, scene.at(minutes=-90))),
        t.touched(scene.at(seconds=-8), host, account, writer, "open", path, content, 84_000),
        t.started(scene.at(), host, account, script, writer),
    ]


def _intrusion(scene: Scene, host: Host, account: Account, content: str, script: t.Process) -> None:
    relay, c2, domain = scene.enterprise.hosts_named("mx-")[0], scene.cast.addresses[0], scene.cast.domains[0]
    shop, sender = scene.cast.domains[1], f"{scene.word()}@{scene.cast.domains[2]}"
    payload = scene.sha256("payload")
    person = scene.cast.people[0]
    folder = scene.rng.choice(("Roaming", "Local", "Local\\Temp"))
    local = f"C:\\Users\\{account.name}\\AppData\\{folder}\\{scene.tool()}"
    implant = t.process(host, scene.at(seconds=40), local, f'"{local}"', payload)
    channel = (
        Need("block_address", c2.ip),
        Need("isolate_host", host.name),
        Need("quarantine_file", payload),
        Need("sinkhole_domain", domain),
    )
    arrived = -scene.rng.uniform(4, 170)
    delivered = t.mail(scene.at(minutes=arrived), relay, sender, person.email, scene.rng.choice(SUBJECTS), content)
    scene.step("deliver the mail", [delivered], "T1566.001")
    fetched = [
        t.lookup(scene.at(seconds=11), host, f"files.{shop}", shop, c2.ip),
        t.request(scene.at(seconds=13), host, account, f"files.{shop}", f"/{scene.word()}", 412_000, destination=c2.ip),
        t.outbound(scene.at(seconds=13), host, c2.ip, 443, 412_000),
        t.touched(scene.at(seconds=21), host, account, script, "create", local, payload, 410_000),
    ]
    scene.step("fetch a program", fetched, "T1105", channel)
    scene.step("run it", [t.started(scene.at(seconds=40), host, account, implant, script)], "T1204.002", channel)
    called = [
        t.lookup(scene.at(seconds=47), host, f"api.{domain}", domain, c2.ip),
        t.connected(scene.at(seconds=48), host, account, implant, c2.ip, 443, 2_100),
        t.outbound(scene.at(seconds=49), host, c2.ip, 443, 2_100),
    ]
    scene.step("call home", called, "T1071.001", channel)
    scene.stop_agent(host, account, implant)
    every_s = scene.rng.randint(45, 780)
    scene.beat("call home", every_s, lambda at, n: t.outbound(at, host, c2.ip, 443, 1_800 + n % 7 * 90), channel)
    _hands_on(scene, host, account, implant, channel)


def _hands_on(scene: Scene, host: Host, account: Account, implant: t.Process, channel: tuple[Need, ...]) -> None:
    """What the intruder does by hand, hours later."""
    needs = (*channel, Need("disable_account", account.name))

    def commands(first: int, lines: tuple[str, ...]) -> list[Event]:
        made = []
        for number, line in enumerate(lines):
            at = first + number * 70_000
            made.append(t.started(at, host, account, t.process(host, at, POWERSHELL, line), implant))
        return made

    def upload(at: int) -> Event:
        return t.outbound(at, host, scene.cast.addresses[0].ip, 443, 38_000_000)

    if scene.chance(0.6):
        looked = commands(scene.at(minutes=scene.rng.uniform(8, 90)), ("whoami /all", "net group /domain"))
        scene.step("look around", looked, "T1087.002", needs)
    scene.step("look further", commands(scene.later(40), ("nltest /dclist:", "net view")), "T1018", needs)
    scene.step("collect files", commands(scene.later(95), ("Compress-Archive Documents",)), "T1560.001", needs)
    scene.step("send them out", [upload(scene.later(120)), upload(scene.later(128))], "T1041", needs)


def _template(scene: Scene, host: Host, account: Account, name: str, content: str, script: t.Process) -> None:
    """Our template asks an internal server for its fields, as it does on a dozen desks all week."""
    server = next(h for h in deal(scene.seed).free_servers if h.name.startswith("app-"))
    asked = [
        t.connected(scene.at(seconds=4), host, account, script, server.ip, 443, 9_000),
        t.outbound(scene.at(seconds=4), host, server.ip, 443, 9_000),
    ]
    scene.step("fill the fields", asked)
    users = scene.rng.sample(deal(scene.seed).bystanders, 14)
    for number, person in enumerate(users):
        other, owner = scene.enterprise.host_of[person.id], scene.enterprise.account_of[person.id]
        for day in range(1 + number % 2, 7, 3):
            at = scene.at(minutes=7 * number - 50) - day * 86_400_000
            writer, helper = _chain(other, owner, name, at, digest(name, number, size=3))
            path = f"C:\\Users\\{owner.name}\\Documents\\{name}.docm"
            opened = [
                t.started(at - 9_000, other, owner, writer, shell_of(other, at - 5_000_000)),
                t.touched(at - 8_000, other, owner, writer, "open", path, content, 84_000),
                t.started(at, other, owner, helper, writer),
                t.connected(at + 4_000, other, owner, helper, server.ip, 443, 9_000),
                t.outbound(at + 4_000, other, server.ip, 443, 9_000),
            ]
            scene.step(f"earlier use {number}.{day}", opened)


FAMILY = Family(
    name="phishing_macro",
    title="Script Started By A Word Processor",
    severity="high",
    sensor="edr",
    category="process",
    techniques=("T1566.001", "T1059.001"),
    tags=("Domain: Endpoint", "Tactic: Initial Access", "Tactic: Execution"),
    plot=plot,
)
