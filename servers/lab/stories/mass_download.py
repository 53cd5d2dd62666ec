"""Somebody reads a whole share: data on its way out, or a registered move to another server."""

from servers.lab import telemetry as t
from servers.lab.background.workday import BROWSER, shell_of
from servers.lab.casting import deal
from servers.lab.reaction import Need
from servers.lab.records import Account, Event, Host, JsonObject
from servers.lab.stories.scene import Family, Plot, Scene

TECHNIQUES = ("T1039", "T1567.002")
COUNTED = 140
"""Files the rule counted when it fired."""
ARCHIVER = "C:\\Program Files\\Packwell\\pack.exe"


def plot(scene: Scene) -> Plot:
    """A share of another department is read from end to end; where the bytes go decides."""
    server, desk, account = _server(scene), scene.cast.desks[0], scene.cast.accounts[0]
    share = f"\\\\{server.name}\\{scene.word()}"
    needs = (Need("disable_account", account.name), Need("isolate_host", desk.name), Need("block_address", desk.ip))
    read = _reads(scene, server, desk, account, share, -COUNTED + 1, 60)
    scene.step("read the share", read, "T1039", needs)
    if scene.hostile:
        _take_out(scene, server, desk, account, share, needs)
    elif scene.benign:
        _move(scene, desk, account)
    entry = scene.entry("change", TECHNIQUES, hosts=[server, desk], accounts=[account])
    return Plot(
        script=scene.script(),
        alert=_alert(server, desk, account, share),
        required=_required(scene),
        indicators=(*needs, Need("block_address", scene.cast.addresses[0].ip)),
        work=scene.registered(entry, ("account", "host", "hour")),
        gaps=scene.gaps(("proxy", server), ("proxy", desk)),
    )


def _server(scene: Scene) -> Host:
    if scene.cast.server is None:
        raise ValueError(f"no server was dealt to {scene.family}")
    return scene.cast.server


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("fileserver", "assets_list_authorised_work")
    return ("fileserver",)


def _alert(server: Host, desk: Host, account: Account, share: str) -> JsonObject:
    return {
        **t.on_host(server),
        **t.by_user(account),
        "source.ip": desk.ip,
        "event.action": "open",
        "file.share": share,
        "kibana.alert.threshold_result.count": COUNTED,
    }


def _reads(scene: Scene, server: Host, desk: Host, account: Account, share: str, first: int, last: int) -> list[Event]:
    start = scene.at(seconds=7 * first)
    events = [
        t.ticket(start - 900, scene.controller(), account, desk.ip, f"cifs/{server.name}"),
        t.outbound(start - 400, desk, server.ip, 445, 900_000_000),
    ]
    for number in range(first, last + 1):
        name = f"{scene.word()}\\{scene.document()}.xlsx"
        size = scene.rng.randint(200_000, 9_000_000)
        events.append(t.share_access(scene.at(seconds=7 * number), server, account, desk.ip, share, name, "open", size))
    return events


def _take_out(scene: Scene, server: Host, desk: Host, account: Account, share: str, needs: tuple[Need, ...]) -> None:
    outside, domain = scene.cast.addresses[0], scene.cast.domains[0]
    shell = shell_of(desk, scene.at(minutes=-140))
    folder = f"C:\\Users\\{account.name}\\Documents\\{scene.word()}.7z"
    archive = t.process(desk, scene.at(minutes=8), ARCHIVER, f'pack.exe a -p "{folder}"')
    browser = t.process(desk, scene.at(minutes=11), BROWSER)
    out = (*needs, Need("block_address", outside.ip), Need("sinkhole_domain", domain))

    def upload(at: int, size: int) -> list[Event]:
        made = t.request(
            at, desk, account, f"up.{domain}", f"/{scene.cast.domains[1]}", size, destination=outside.ip, method="PUT"
        )
        return [
            t.lookup(at - 900, desk, f"up.{domain}", domain, outside.ip),
            made,
            t.connected(at + 30, desk, account, browser, outside.ip, 443, size),
            t.outbound(at + 60, desk, outside.ip, 443, size),
        ]

    def copy(at: int, number: int) -> Event:
        name = f"E:\\{scene.cast.domains[2].split('.', maxsplit=1)[0]}{number}.7z"
        return t.touched(
            at, desk, account, shell, "copy_to_removable", name, scene.sha256(f"part {number}"), 94_000_000
        )

    scene.stop_logging("proxy", desk, account, desk.ip, "Set-ProxyLogging")
    packed = t.started(scene.at(minutes=8), desk, account, archive, shell)
    scene.step("pack the files", [packed], "T1560.001", needs)
    uploads = scene.kind == "attack_killed_sensor" or scene.chance(0.75)
    if uploads:
        minutes = scene.rng.uniform(11, 60)
        sent = upload(scene.at(minutes=minutes), 310_000_000) + upload(scene.at(minutes=minutes + 8), 290_000_000)
        scene.step("upload them", sent, "T1567.002", out)
    if not uploads or scene.chance(0.4):
        minutes = scene.rng.uniform(14, 80)
        parts = [copy(scene.at(minutes=minutes), 1), copy(scene.at(minutes=minutes + 1), 2)]
        scene.step("copy to a drive", parts, "T1052.001", needs)
    more = [
        t.share_access(scene.later(20) + 5_000 * n, server, account, desk.ip, share, f"{n}.xlsx", "open", 800_000)
        for n in range(120)
    ]
    scene.step("read more", more, "T1039", needs)
    scene.step("upload more", upload(scene.later(55), 420_000_000), "T1567.002", out)
    scene.step("upload the rest", upload(scene.later(130), 510_000_000), "T1567.002", out)


def _move(scene: Scene, desk: Host, account: Account) -> None:
    """Everything read goes to another file server of ours."""
    target = next(host for host in deal(scene.seed).free_servers if host.name.startswith("fs-"))
    moved = [t.outbound(scene.at(minutes=4 + 9 * n), desk, target.ip, 445, 260_000_000) for n in range(4)]
    scene.step("copy to the new server", moved)
    name = f"\\\\{target.name}\\{scene.word()}"
    written = [
        t.share_access(
            scene.at(minutes=5, seconds=11 * n), target, account, desk.ip, name, f"{n}.xlsx", "create", 800_000
        )
        for n in range(40)
    ]
    scene.step("write there", written)
    scene.step("finish", [t.outbound(scene.later(40), desk, target.ip, 445, 180_000_000)])


FAMILY = Family(
    name="mass_download",
    title="Unusual Number Of Files Read From A Share",
    severity="medium",
    sensor="fileserver",
    category="file",
    techniques=TECHNIQUES,
    tags=("Domain: Data", "Tactic: Collection", "Tactic: Exfiltration"),
    plot=plot,
)
