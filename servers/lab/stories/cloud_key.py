"""A cloud access key used from a new address: somebody else has it, or our own automation has moved."""

from servers.lab import telemetry as t
from servers.lab.background.machines import KEY_USAGE
from servers.lab.reaction import Need
from servers.lab.records import Account, Address, Event, Host, JsonObject
from servers.lab.stories.scene import Family, Plot, Scene

TECHNIQUES = ("T1078.004", "T1098")


def plot(scene: Scene) -> Plot:
    """The key asks who it is, from an address it never used; what it asks next decides."""
    account, source = _account(scene), scene.cast.addresses[0]
    caller = _Caller(scene, account, source)
    needs = (Need("disable_account", account.name), Need("block_address", source.ip))
    scene.step("ask who it is", [caller.call(scene.at(), "GetCallerIdentity", "identity")], "T1078.004", needs)
    if scene.hostile:
        _abuse(scene, caller, needs)
    else:
        scene.step("work as usual", caller.usual(scene.at(minutes=1), 18))
        scene.step("work on", caller.usual(scene.later(20), 6))
    entry = scene.entry("change", TECHNIQUES, accounts=[account], sources=[source])
    return Plot(
        script=scene.script(),
        alert=_alert(caller),
        required=_required(scene),
        indicators=needs,
        work=scene.registered(entry, ("account", "source", "hour")),
        intel=scene.rumours(source.ip, "address") if scene.hostile else (),
        gaps=scene.gaps(("cloud-audit", caller.trail)),
    )


class _Caller:
    """The key at work from one address."""

    def __init__(self, scene: Scene, account: Account, source: Address) -> None:
        self.scene, self.account, self.source = scene, account, source
        self.key = scene.enterprise.keys[account.name]
        self.trail: Host = scene.enterprise.trails[account.name]
        number = list(scene.enterprise.keys).index(account.name) + 1
        self.cloud_account = f"team-{number:02d}"

    def call(self, at: int, api: str, resource: str) -> Event:
        """One call."""
        return t.cloud_call(
            at, self.trail, self.account, self.source, api, resource, key=self.key, cloud_account=self.cloud_account
        )

    def usual(self, first: int, count: int) -> list[Event]:
        """Calls the key makes every day."""
        rng = self.scene.rng
        apis = [rng.choice(KEY_USAGE[1:4]) for _ in range(count)]
        return [
            self.call(first + 150_000 * n, api, f"bucket/{self.cloud_account}-{self.scene.word()}")
            for n, api in enumerate(apis)
        ]


def _account(scene: Scene) -> Account:
    if scene.cast.service is None:
        raise ValueError(f"no service account was dealt to {scene.family}")
    return scene.cast.service


def _required(scene: Scene) -> tuple[str, ...]:
    if scene.benign:
        return ("cloud-audit", "assets_list_authorised_work")
    return () if scene.kind == "sensor_blind" else ("cloud-audit",)


def _alert(caller: _Caller) -> JsonObject:
    return {
        **t.on_host(caller.trail),
        **t.by_user(caller.account),
        "source.ip": caller.source.ip,
        "source.country": caller.source.country,
        "event.action": "api_call",
        "event.outcome": "success",
        "cloud.access_key": caller.key,
        "cloud.api": "GetCallerIdentity",
        "cloud.account": caller.cloud_account,
    }


def _abuse(scene: Scene, caller: _Caller, needs: tuple[Need, ...]) -> None:
    name = scene.word()
    explored = [
        caller.call(scene.at(seconds=9 + 4 * n), api, "account")
        for n, api in enumerate(("ListUsers", "ListRoles", "ListBuckets"))
    ]
    scene.step("explore", explored, "T1580", needs)
    ways = {
        "T1136.003": ("CreateUser", "AttachUserPolicy", "CreateAccessKey"),
        "T1098.001": ("CreateAccessKey", "PutUserPolicy"),
        "T1098.003": ("AttachRolePolicy", "UpdateAssumeRolePolicy"),
    }
    technique = scene.rng.choice(sorted(ways))
    made = [caller.call(scene.at(seconds=31 + 8 * n), api, f"iam/{name}") for n, api in enumerate(ways[technique])]
    scene.step("gain a foothold", made, technique, needs)
    scene.stop_logging("cloud-audit", caller.trail, caller.account, caller.source.ip, "StopLogging")
    scene.step("read the buckets", _objects(scene, caller, scene.at(minutes=7), 60), "T1530", needs)
    scene.step("add a policy", [caller.call(scene.later(25), "PutUserPolicy", f"user/{name}")], "T1098", needs)
    scene.step("read more buckets", _objects(scene, caller, scene.later(50), 90), "T1530", needs)
    scene.step("delete a bucket", [caller.call(scene.later(120), "DeleteBucket", "bucket/archive")], "T1485", needs)


def _objects(scene: Scene, caller: _Caller, first: int, count: int) -> list[Event]:
    bucket = f"bucket/{caller.cloud_account}-{scene.word()}"
    return [caller.call(first + 4_000 * n, "GetObject", f"{bucket}/{scene.word()}-{n}") for n in range(count)]


FAMILY = Family(
    name="cloud_key",
    title="Access Key Used From A New Address",
    severity="medium",
    sensor="cloud-audit",
    category="iam",
    techniques=TECHNIQUES,
    tags=("Domain: Cloud", "Tactic: Initial Access", "Tactic: Persistence"),
    plot=plot,
)
