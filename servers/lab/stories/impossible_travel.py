"""One account at two ends of the world: a stolen session, or a registered trip."""

from dataclasses import replace

from servers.lab import telemetry as t
from servers.lab.background.workday import BROWSERS
from servers.lab.reaction import Need
from servers.lab.records import Account, Address, Event, Host, JsonObject, Work, digest
from servers.lab.stories.scene import Family, Plot, Scene

TECHNIQUES = ("T1078.004", "T1550")


def plot(scene: Scene) -> Plot:
    """A sign-in from abroad; session, device and second factor tell whose it is."""
    gateway, account = _gateway(scene), scene.cast.accounts[0]
    abroad, elsewhere = _abroad(scene)
    session = digest(scene.seed, scene.slot, "session", size=8)
    device = _device(scene, account)
    needs = (Need("disable_account", account.name), Need("block_address", abroad.ip))
    if scene.hostile:
        own = session if scene.chance(0.7) else digest(scene.seed, scene.slot, "own session", size=8)
        scene.step("sign in at home", _at_home(scene, gateway, account, own))
    arrived = _arrive(scene.at(), gateway, account, abroad, session, device, mfa=scene.benign)
    scene.step("appear abroad", arrived, "T1550.004", needs)
    if scene.hostile:
        _use(scene, gateway, account, abroad, session, device, needs)
    elif scene.benign:
        _work(scene, gateway, account, abroad, device)
    entry = scene.entry("travel", TECHNIQUES, accounts=[account], sources=[abroad])
    return Plot(
        script=scene.script(),
        alert=_alert(gateway, account, abroad, session, device),
        required=_required(scene),
        indicators=needs,
        work=_registered(scene, entry, elsewhere),
        intel=scene.rumours(abroad.ip, "address") if scene.hostile else (),
        gaps=scene.gaps(("idp", gateway)),
    )


def _gateway(scene: Scene) -> Host:
    if scene.cast.gateway is None:
        raise ValueError(f"no gateway was dealt to {scene.family}")
    return scene.cast.gateway


def _abroad(scene: Scene) -> tuple[Address, Address]:
    """The address of the alert, in another country than the office, and a second one a register might name wrongly."""
    home = scene.enterprise.site[scene.cast.people[0].site].country
    foreign = [address for address in scene.cast.addresses if address.country != home]
    return foreign[-1], foreign[0]


def _device(scene: Scene, account: Account) -> t.Device:
    if scene.hostile:
        return t.Device(f"dev-{digest(scene.seed, scene.slot, 'device', size=5)}", managed=False)
    return t.Device(account.devices[0], managed=True)


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("idp", "assets_list_authorised_work")
    return {"attack_killed_sensor": ("cloud-audit",), "sensor_blind": ()}.get(scene.kind, ("idp", "cloud-audit"))


def _alert(gateway: Host, account: Account, abroad: Address, session: str, device: t.Device) -> JsonObject:
    return {
        **t.on_host(gateway),
        **t.by_user(account),
        "source.ip": abroad.ip,
        "source.country": abroad.country,
        "event.action": "sign_in",
        "event.outcome": "success",
        "session.id": session,
        "device.id": device.id,
    }


def _registered(scene: Scene, entry: Work, elsewhere: Address) -> tuple[Work, ...]:
    """As usual; a wrong source is another address abroad."""
    found = scene.registered(entry, ("account", "source", "hour"))
    if not scene.benign and found and found[0].source_addresses != entry.source_addresses:
        return (replace(found[0], source_addresses=(elsewhere.ip,)),)
    return found


def _at_home(scene: Scene, gateway: Host, account: Account, session: str) -> list[Event]:
    """The person's own sign-in, from which the session comes."""
    office = scene.enterprise.site[scene.cast.people[0].site].egress
    at, own = scene.at(minutes=-41), t.Device(account.devices[0], managed=True)
    return [
        t.inbound(at - 300, gateway, office.ip, 443, 21_000),
        t.sign_in(at, gateway, account, office, session, own, mfa=True, agent=BROWSERS[0]),
    ]


def _arrive(
    at: int, gateway: Host, account: Account, source: Address, session: str, device: t.Device, *, mfa: bool
) -> list[Event]:
    return [
        t.inbound(at - 300, gateway, source.ip, 443, 34_000),
        t.sign_in(at, gateway, account, source, session, device, mfa=mfa, agent=BROWSERS[0]),
    ]


def _use(
    scene: Scene,
    gateway: Host,
    account: Account,
    abroad: Address,
    session: str,
    device: t.Device,
    needs: tuple[Need, ...],
) -> None:
    mailbox = f"mailbox/{account.name}"

    def call(at: int, api: str, resource: str) -> list[Event]:
        flow = t.inbound(at - 400, gateway, abroad.ip, 443, 700_000)
        return [flow, t.cloud_call(at, gateway, account, abroad, api, resource)]

    scene.stop_logging("idp", gateway, account, abroad.ip, "Set-AdminAuditLogConfig")
    minutes = scene.rng.uniform(5, 50)
    scene.step("hide replies", call(scene.at(minutes=minutes), "New-InboxRule", f"{mailbox}/rules"), "T1564.008", needs)
    scene.step("read mail", call(scene.at(minutes=19), "MailItemsAccessed", mailbox), "T1114.002", needs)
    again = _arrive(scene.at(minutes=55), gateway, account, abroad, session, device, mfa=False)
    scene.step("come back", again, "T1550.004", needs)
    scene.step("forward mail", call(scene.later(30), "Set-Mailbox ForwardingAddress", mailbox), "T1114.003", needs)
    scene.step("add a consent", call(scene.later(75), "Consent to application", f"{mailbox}/apps"), "T1098", needs)
    scene.beat("add a consent", 3000, lambda at, _: call(at, "MailItemsAccessed", mailbox)[1], needs)


def _work(scene: Scene, gateway: Host, account: Account, abroad: Address, device: t.Device) -> None:
    """A working day from the hotel: mail is read, and the next sign-in passes the second factor too."""
    mailbox = f"mailbox/{account.name}"
    read = t.cloud_call(scene.at(minutes=14), gateway, account, abroad, "MailItemsAccessed", mailbox)
    scene.step("read mail", [read])
    for number, at in enumerate((scene.at(minutes=95), scene.later(180))):
        session = digest(scene.seed, scene.slot, "next session", number, size=8)
        scene.step(f"sign in {number}", _arrive(at, gateway, account, abroad, session, device, mfa=True))


FAMILY = Family(
    name="impossible_travel",
    title="Sign-in From An Unlikely Country",
    severity="medium",
    sensor="idp",
    category="authentication",
    techniques=TECHNIQUES,
    tags=("Domain: Identity", "Tactic: Initial Access"),
    plot=plot,
)
