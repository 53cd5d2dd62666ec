"""Password spray at a sign-in gateway, and what a guessed password is used for."""

from servers.lab import telemetry as t
from servers.lab.background.workday import BROWSERS
from servers.lab.names import FIRST, LAST
from servers.lab.reaction import Need
from servers.lab.records import Account, Address, Event, Host, JsonObject, digest
from servers.lab.stories.scene import Family, Plot, Scene

GUESSES_BEFORE = 24
"""Failures the rule counted when it fired."""
AGENT = BROWSERS[1]


def plot(scene: Scene) -> Plot:
    """Failures for two dozen names from one address; then a success, or not."""
    gateway, source = _gateway(scene), scene.cast.addresses[0]
    needs = (Need("block_address", source.ip),)
    scene.step("guess passwords", _guesses(scene, gateway, source), "T1110.003", needs)
    if scene.hostile:
        _takeover(scene, gateway, source, scene.cast.accounts[0])
    else:
        scene.step("guess on", _more_guesses(scene, gateway, source), needs=needs)
    entry = scene.entry("pentest", ("T1110.003",), hosts=[gateway], sources=[source])
    return Plot(
        script=scene.script(),
        alert=_alert(gateway, source),
        required=_required(scene),
        indicators=(*needs, Need("disable_account", scene.cast.accounts[0].name)),
        work=scene.registered(entry, ("host", "source", "hour")),
        intel=scene.rumours(source.ip, "address") if scene.hostile else (),
        gaps=scene.gaps(("idp", gateway)),
    )


def _alert(gateway: Host, source: Address) -> JsonObject:
    return {
        **t.on_host(gateway),
        "source.ip": source.ip,
        "source.country": source.country,
        "event.action": "sign_in",
        "event.outcome": "failure",
        "kibana.alert.threshold_result.count": GUESSES_BEFORE,
    }


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("idp", "assets_list_authorised_work")
    return {"attack_killed_sensor": ("cloud-audit",), "sensor_blind": ()}.get(scene.kind, ("idp", "cloud-audit"))


def _gateway(scene: Scene) -> Host:
    if scene.cast.gateway is None:
        raise ValueError(f"no gateway was dealt to {scene.family}")
    return scene.cast.gateway


def _names(scene: Scene) -> list[tuple[str, bool]]:
    """Names worth trying and whether they exist: some of the gateway's own people among many guesses."""
    real = [(account.name, True) for account in scene.cast.accounts[1:]]
    taken = {account.name for account in scene.enterprise.accounts}
    guessed = [f"{first[0]}.{last}".lower() for first, last in zip(scene.rng.sample(FIRST, 90), LAST[:90], strict=True)]
    invented = [(name, False) for name in dict.fromkeys(guessed) if name not in taken][: GUESSES_BEFORE - len(real) - 1]
    names = [*real, *invented, (scene.cast.accounts[0].name, True)]
    return names[: GUESSES_BEFORE - 1] + names[-1:]


def _guesses(scene: Scene, gateway: Host, source: Address) -> list[Event]:
    names = _names(scene)
    events: list[Event] = []
    for number, (name, known) in enumerate(names):
        at = scene.at(seconds=-28 * (len(names) - number - 1))
        events += _try(at, gateway, source, name, known)
    return events


def _try(at: int, gateway: Host, source: Address, name: str, known: bool) -> list[Event]:
    return [
        t.inbound(at - 200, gateway, source.ip, 443, 5_200),
        t.sign_in_refused(at, gateway, name, known, source, AGENT),
    ]


def _more_guesses(scene: Scene, gateway: Host, source: Address) -> list[Event]:
    """Whoever tests goes on for a while and gets nowhere."""
    events: list[Event] = []
    for number, (name, known) in enumerate(_names(scene)[::2]):
        events += _try(scene.at(minutes=4 + 3 * number), gateway, source, name, known)
    return events


def _takeover(scene: Scene, gateway: Host, source: Address, victim: Account) -> None:
    needs = (Need("block_address", source.ip), Need("disable_account", victim.name))
    device = t.Device(f"dev-{digest(scene.seed, scene.slot, 'spray device', size=5)}", managed=False)
    mailbox = f"mailbox/{victim.name}"

    def arrive(at: int) -> list[Event]:
        session = digest("session", victim.name, at, size=8)
        return [
            t.inbound(at - 200, gateway, source.ip, 443, 48_000),
            t.sign_in(at, gateway, victim, source, session, device, mfa=False, agent=AGENT),
        ]

    def call(at: int, api: str, resource: str) -> list[Event]:
        flow = t.inbound(at - 400, gateway, source.ip, 443, 900_000)
        return [flow, t.cloud_call(at, gateway, victim, source, api, resource)]

    pause = scene.rng.uniform(0.5, 9)
    if scene.kind == "attack_killed_sensor":
        pause = 0.5
    scene.step("sign in", arrive(scene.at(minutes=pause)), "T1078.004", needs)
    scene.stop_logging("idp", gateway, victim, source.ip, "Set-AdminAuditLogConfig")
    hides = scene.chance(0.7)
    if hides:
        rule = call(scene.at(minutes=pause + scene.rng.uniform(3, 30)), "New-InboxRule", f"{mailbox}/rules")
        scene.step("hide replies", rule, "T1564.008", needs)
    if not hides or scene.chance(0.6):
        taken = call(scene.at(minutes=pause + scene.rng.uniform(8, 70)), "New-MailboxExportRequest", mailbox)
        scene.step("read mail", taken, "T1114.002", needs)
    scene.step("come back", arrive(scene.later(35)), "T1078.004", needs)
    scene.step("add a consent", call(scene.later(50), "Consent to application", f"{mailbox}/apps"), "T1098", needs)
    scene.step("export again", call(scene.later(140), "New-MailboxExportRequest", mailbox), "T1114.002", needs)
    scene.beat("export again", 45 * 60, lambda at, _: call(at, "MailItemsAccessed", mailbox)[1], needs)


FAMILY = Family(
    name="password_spray",
    title="Many Failed Sign-ins From One Source",
    severity="medium",
    sensor="idp",
    category="authentication",
    techniques=("T1110.003",),
    tags=("Domain: Identity", "Tactic: Credential Access"),
    plot=plot,
)
