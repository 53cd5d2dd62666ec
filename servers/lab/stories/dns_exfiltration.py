"""Long names under one domain: data carried out through the resolver, or an agent that talks that way by design."""

from servers.lab import telemetry as t
from servers.lab.background.machines import AGENT_EXE, SVCHOST
from servers.lab.background.workday import shell_of
from servers.lab.casting import deal
from servers.lab.reaction import Need
from servers.lab.records import Account, Event, Host, JsonObject, digest
from servers.lab.stories.scene import Family, Plot, Scene

TECHNIQUES = ("T1048.003", "T1071.004")
COUNTED = 120
"""Queries the rule counted when it fired."""
QUERY_BYTES = 290


def plot(scene: Scene) -> Plot:
    """One desk asks for hundreds of long names; which program asks, and who else knows the domain, decides."""
    host, account, domain = scene.cast.desks[0], scene.cast.accounts[0], scene.cast.domains[0]
    program = _program(scene, host, account)
    if scene.hostile:
        _start(scene, host, account, program)
    scene.step(
        "send the first names", _queries(scene, host, domain, program, -COUNTED + 1, 0), "T1071.004", _needs(scene)
    )
    scene.stop_logging("dns", host, account, host.ip, "Set-DnsServerDiagnostics")
    if scene.kind != "sensor_blind":
        scene.step("send on", _queries(scene, host, domain, program, 1, 240), "T1048.003", _needs(scene))
    if scene.hostile:
        _go_on(scene, host, account, domain, program)
    elif scene.benign:
        _everybody(scene, domain)
    entry = scene.entry("pentest", TECHNIQUES, hosts=[host], accounts=[account], sources=[host])
    return Plot(
        script=scene.script(),
        alert=_alert(scene, host, domain),
        required=_required(scene),
        indicators=(
            Need("isolate_host", host.name),
            Need("disable_account", account.name),
            Need("quarantine_file", program.sha256),
            Need("block_address", scene.cast.addresses[0].ip),
        ),
        work=scene.near_miss(entry, ("host", "source", "hour")),
        domains=(scene.known_domain(domain),) if scene.benign else (),
        intel=scene.rumours(domain, "domain") if scene.hostile else (),
        gaps=scene.gaps(("dns", host)),
    )


def _needs(scene: Scene) -> tuple[Need, ...]:
    """What sending names through the resolver takes."""
    return (*_local(scene), Need("sinkhole_domain", scene.cast.domains[0]))


def _local(scene: Scene) -> tuple[Need, ...]:
    """What the program needs whichever way it goes."""
    return (Need("isolate_host", scene.cast.desks[0].name), Need("quarantine_file", scene.sha256("tunnel")))


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("dns", "edr", "intel_check_known")
    return {"attack_killed_sensor": ("edr",), "sensor_blind": ()}.get(scene.kind, ("dns", "edr"))


def _program(scene: Scene, host: Host, account: Account) -> t.Process:
    """What asks: a program in the profile, the installed agent, or the system's own resolver client."""
    if scene.hostile:
        path = f"C:\\Users\\{account.name}\\AppData\\Local\\{scene.tool()}"
        return t.process(host, scene.at(minutes=-31), path, f'"{path}" -q', scene.sha256("tunnel"))
    return t.process(host, scene.at(minutes=-600), AGENT_EXE if scene.benign else SVCHOST)


def _name(scene: Scene, host: Host, domain: str, number: int) -> str:
    label = digest(scene.seed, scene.slot, host.name, domain, number, size=30)
    return f"{label[:30]}.{label[30:]}.{domain}"


def _alert(scene: Scene, host: Host, domain: str) -> JsonObject:
    return {
        **t.on_host(host),
        "source.ip": host.ip,
        "event.action": "query",
        "dns.question.name": _name(scene, host, domain, 0),
        "dns.question.type": "TXT",
        "dns.question.registered_domain": domain,
        "network.bytes": COUNTED * QUERY_BYTES,
        "kibana.alert.threshold_result.count": COUNTED,
    }


def _start(scene: Scene, host: Host, account: Account, program: t.Process) -> None:
    shell = shell_of(host, scene.at(minutes=-120))
    begun = t.started(scene.at(minutes=-31), host, account, program, shell)
    scene.step("start the program", [begun], "T1204.002", _local(scene))


def _queries(scene: Scene, host: Host, domain: str, program: t.Process, first: int, last: int) -> list[Event]:
    """One name every eight seconds or so; number 0 is the one in the alert."""
    resolver = scene.enterprise.hosts_named("ns-")[0]
    account = scene.cast.accounts[0] if scene.hostile else None
    events = []
    for number in range(first, last + 1):
        at = scene.at(seconds=8 * number)
        events.append(t.lookup(at, host, _name(scene, host, domain, number), domain, "ok", "TXT", QUERY_BYTES))
        if number % 20 == 0:
            events.append(t.connected(at + 5, host, account, program, resolver.ip, 53, 20 * QUERY_BYTES))
    return events


def _go_on(scene: Scene, host: Host, account: Account, domain: str, program: t.Process) -> None:
    outside = scene.cast.addresses[0].ip
    needs = (*_local(scene), Need("block_address", outside))
    if scene.kind == "attack_killed_sensor" or scene.chance(0.5):
        _ask_directly(scene, host, account, program, outside, needs)

    def batch(first: int) -> list[Event]:
        start = first - scene.at()
        return [
            t.lookup(
                scene.at() + start + n * 6_000, host, _name(scene, host, domain, 1000 + n), domain, "ok", "TXT", 290
            )
            for n in range(60)
        ]

    scene.step("send more", batch(scene.later(30)), "T1048.003", needs)
    scene.step("send the rest", batch(scene.later(85)), "T1048.003", needs)


def _ask_directly(
    scene: Scene, host: Host, account: Account, program: t.Process, outside: str, needs: tuple[Need, ...]
) -> None:
    """The program leaves the resolver aside and asks an address outside."""
    at = scene.at(minutes=scene.rng.uniform(35, 58))
    direct = [
        t.connected(at, host, account, program, outside, 53, 88_000),
        t.flow(at, host, host.ip, outside, 53, 88_000, transport="udp"),
    ]
    scene.step("ask outside directly", direct, "T1048.003", needs)
    scene.beat(
        "ask outside directly",
        900,
        lambda at, _: t.flow(at, host, host.ip, outside, 53, 9_000, transport="udp"),
        needs,
    )


def _everybody(scene: Scene, domain: str) -> None:
    """The agent asks the same domain from two dozen desks all week."""
    desks = [scene.enterprise.host_of[p.id] for p in scene.rng.sample(deal(scene.seed).bystanders, 26)]
    for day in range(1, 7):
        events = []
        for number, desk in enumerate([*desks, scene.cast.desks[0]]):
            for turn in range(2):
                at = scene.at(minutes=5 * number + 140 * turn - 200) - day * 86_400_000
                name = _name(scene, desk, domain, day * 10 + turn)
                events.append(t.lookup(at, desk, name, domain, "ok", "TXT", QUERY_BYTES))
        scene.step(f"day {day} before", events)


FAMILY = Family(
    name="dns_exfiltration",
    title="Many Long Names Under One Domain",
    severity="high",
    sensor="dns",
    category="network",
    techniques=TECHNIQUES,
    tags=("Domain: Network", "Tactic: Exfiltration", "Tactic: Command and Control"),
    plot=plot,
)
