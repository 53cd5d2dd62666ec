"""What a story is written with: its cast, its hour, its dice, and the register entries and gaps it may leave behind."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from servers.lab import telemetry as t
from servers.lab.casting import Cast, deal
from servers.lab.chance import Stream
from servers.lab.enterprise import Enterprise
from servers.lab.names import DOCUMENTS, FEEDS, TOOLS, VENDORS, WORDS, WORK_NOTES, WORK_TITLES
from servers.lab.population import DAY_MS, EPOCH_MS
from servers.lab.reaction import Need
from servers.lab.records import Account, Address, Event, Host, Intel, JsonObject, Work, digest, from_ms
from servers.lab.stories.engine import Beat, Kind, Script, Step

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
FIRST_NOW = EPOCH_MS + 7 * DAY_MS
"""The lab's now when it is new."""

Dimension: TypeAlias = Literal["account", "host", "source", "hour"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a sensor does not see a host. `end` None means until further notice."""

    sensor: str
    host: str
    start: int
    end: int | None
    state: Literal["silent", "down", "not_deployed"]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """An entry of the operator's register of own files."""

    sha256: str
    name: str
    publisher: str
    registered_by: str
    registered_at: int


@dataclass(frozen=True, slots=True)
class KnownDomain:
    """An entry of the operator's register of known domains."""

    domain: str
    reason: str
    registered_by: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A story written out: what happens, what the alert says, and what the registers hold."""

    script: Script
    alert: JsonObject
    """ECS fields of the alert: the same function of the cast for every kind."""
    required: tuple[str, ...]
    """Sensors and register look-ups whose evidence a good investigation finds."""
    indicators: tuple[Need, ...] = ()
    """What containing would be right."""
    work: tuple[Work, ...] = ()
    files: tuple[KnownFile, ...] = ()
    domains: tuple[KnownDomain, ...] = ()
    intel: tuple[Intel, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """A family of stories: one rule that raises the same alert for every kind of them."""

    name: str
    title: str
    """The rule's name."""
    severity: Literal["low", "medium", "high", "critical"]
    sensor: str
    """The source of the alert."""
    category: str
    techniques: tuple[str, ...]
    tags: tuple[str, ...]
    plot: "Callable[[Scene], Plot]"


@dataclass(slots=True)
class Scene:
    """One story about to be written. Everything random in it comes from `rng`, which knows only seed and slot."""

    enterprise: Enterprise
    family: str
    kind: Kind
    slot: int
    cast: Cast
    rng: Stream
    alert_at: int
    killed_at: int
    from_agent: bool
    """Whether the alert comes from an endpoint agent, which is then deployed, if silent."""
    steps: list[Step] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)

    @property
    def seed(self) -> int:
        """The lab's seed."""
        return self.enterprise.seed

    @property
    def hostile(self) -> bool:
        """Whether this is one of the three attacks."""
        return self.kind in ("attack", "attack_killed_sensor", "attack_beside_authorised")

    @property
    def benign(self) -> bool:
        """Whether this is the twin with a good reason."""
        return self.kind == "benign_twin"

    def at(self, minutes: float = 0, seconds: float = 0) -> int:
        """A time relative to the alert."""
        return self.alert_at + int(minutes * MINUTE + seconds * SECOND)

    def later(self, minutes: float) -> int:
        """A time after the lab's first now."""
        return FIRST_NOW + int(minutes * MINUTE)

    def step(
        self, name: str, events: Iterable[Event], technique: str | None = None, needs: Iterable[Need] = ()
    ) -> None:
        """Add a step to the main line, written down with its times; steps are played in the order of their first."""
        ordered = sorted(events, key=lambda event: event.at)
        begins = ordered[0].at
        self.steps.append(Step(name, begins, lambda at: shifted(ordered, at - begins), technique, tuple(needs)))

    def beat(self, after: str, every_s: int, event: Callable[[int, int], Event], needs: Iterable[Need] = ()) -> None:
        """Add something that repeats once a step is done; `event` makes it from its time and number."""
        self.beats.append(Beat(after, every_s * SECOND, event, tuple(needs)))

    def script(self) -> Script:
        """The steps and beats added so far."""
        steps = tuple(sorted(self.steps, key=lambda step: step.begins))
        return Script(steps, tuple(self.beats), hostile=self.hostile)

    def chance(self, part: float) -> bool:
        """Whether something happens that happens in that part of the cases; no two intruders work alike."""
        return self.rng.random() < part

    def word(self) -> str:
        """A word from the common pool."""
        return self.rng.choice(WORDS)

    def document(self) -> str:
        """A document name from the common pool."""
        return f"{self.rng.choice(DOCUMENTS)} {self.word()}"

    def tool(self) -> str:
        """A program name from the common pool."""
        return f"{self.rng.choice(TOOLS)}.exe"

    def sha256(self, what: str) -> str:
        """The content of something that exists in this story only."""
        return digest(self.seed, self.family, self.slot, what, size=32)

    def days_before(self, days: Iterable[int], minutes: float = 0) -> list[int]:
        """The alert's hour on earlier days, shifted."""
        return [self.at(minutes) - day * DAY_MS for day in days]

    def controller(self) -> Host:
        """The domain controller that answers in this story."""
        return self.enterprise.by_kind["domain_controller"][self.slot % 4]

    # the register of authorised work

    def entry(
        self,
        kind: Literal["change", "scan", "pentest", "travel"],
        techniques: Iterable[str],
        *,
        hosts: Iterable[Host] = (),
        accounts: Iterable[Account] = (),
        sources: Iterable[Address | Host] = (),
    ) -> Work:
        """A register entry that fits this story in every dimension."""
        approver = self.rng.choice([p for p in deal(self.seed).bystanders if p.title.startswith(("Head", "IT", "Sec"))])
        start = self.alert_at - self.rng.randint(70, 200) * MINUTE
        return Work(
            id=f"W-{digest(self.seed, 'work', self.family, self.slot, size=3)}",
            kind=kind,
            title=self.rng.choice(WORK_TITLES),
            approver=approver.email,
            approved_at=from_ms(start - self.rng.randint(1, 9) * DAY_MS),
            window_start=from_ms(start),
            window_end=from_ms(self.alert_at + self.rng.randint(3, 8) * HOUR),
            hosts=tuple(host.name for host in hosts),
            accounts=tuple(account.name for account in accounts),
            source_addresses=tuple(source.ip for source in sources),
            techniques=tuple(techniques),
            note=self.rng.choice(WORK_NOTES),
        )

    def registered(self, entry: Work, dimensions: tuple[Dimension, ...]) -> tuple[Work, ...]:
        """What the register holds for this kind: the entry, a near miss of it, or nothing."""
        if self.benign:
            return (entry,)
        return (self.beside(entry, dimensions),) if self.kind == "attack_beside_authorised" else ()

    def near_miss(self, entry: Work, dimensions: tuple[Dimension, ...]) -> tuple[Work, ...]:
        """Where the benign twin has another reason: a near miss for the attack beside authorised work only."""
        return () if self.benign else self.registered(entry, dimensions)

    def beside(self, entry: Work, dimensions: tuple[Dimension, ...]) -> Work:
        """The entry made wrong in one or two of the dimensions it could have; it still names one part of the story."""
        chosen = self.rng.sample(dimensions, self.rng.choice((1, 1, 2)))
        named = [dimension for dimension in dimensions if dimension != "hour"]
        if set(named) <= set(chosen):
            chosen = chosen[:1]
        for dimension in chosen:
            entry = self._spoilt(entry, dimension)
        return entry

    def _spoilt(self, entry: Work, dimension: Dimension) -> Work:
        match dimension:
            case "account":
                return replace(entry, accounts=tuple(self._other_account(name) for name in entry.accounts))
            case "host":
                return replace(entry, hosts=self._other_hosts(entry.hosts))
            case "source":
                return replace(entry, source_addresses=(self._other_source(entry.source_addresses[0]),))
            case "hour":
                end = self.alert_at - self.rng.randint(65, 200) * MINUTE
                return replace(entry, window_start=from_ms(end - 4 * HOUR), window_end=from_ms(end))

    def _other_account(self, name: str) -> str:
        casting, account = deal(self.seed), self.enterprise.account[name]
        match account.kind:
            case "service":
                return self.rng.choice(casting.free_services).name
            case "admin":
                return self.rng.choice(casting.free_admins).name
            case _:
                return self.enterprise.account_of[self.rng.choice(casting.bystanders).id].name

    def _other_hosts(self, names: tuple[str, ...]) -> tuple[str, ...]:
        prefix = names[0].split("-", maxsplit=1)[0]
        casting = deal(self.seed)
        desks = [self.enterprise.host_of[person.id].name for person in casting.bystanders]
        shared = [host.name for host in casting.free_servers if host.name.startswith(f"{prefix}-")]
        pool = desks if prefix == "ws" else shared
        return tuple(self.rng.sample(pool, min(len(names), len(pool))))

    def _other_source(self, source: str) -> str:
        if source.startswith("10."):
            person = self.rng.choice(deal(self.seed).bystanders)
            return self.enterprise.host_of[person.id].ip
        return self.cast.addresses[1].ip

    # the registers of known things and the feeds

    def known_file(self, sha256: str, name: str) -> KnownFile:
        """An own file, registered well before."""
        team = self.rng.choice(("software packaging", "endpoint engineering", "it operations"))
        return KnownFile(sha256, name, self.rng.choice(VENDORS), team, EPOCH_MS - self.rng.randint(20, 400) * DAY_MS)

    def known_domain(self, domain: str) -> KnownDomain:
        """A domain our own software uses."""
        return KnownDomain(domain, f"{self.rng.choice(VENDORS)} service", "network operations")

    def rumours(self, indicator: str, kind: Literal["address", "domain", "sha256"]) -> tuple[Intel, ...]:
        """What feeds say of something an attack uses: in four of ten cases something, in the others nothing yet."""
        if self.rng.random() > 0.4:
            return ()
        first = EPOCH_MS - self.rng.randint(1, 60) * DAY_MS
        last = FIRST_NOW - self.rng.randint(2, 4) * DAY_MS
        feed = self.rng.choice(FEEDS)
        return (Intel(indicator, kind, "malicious", feed, from_ms(first), from_ms(last), self.rng.randint(60, 95)),)

    # what the sensors miss

    def blind(self, pairs: Iterable[tuple[str, Host]]) -> tuple[Gap, ...]:
        """The gaps of a sensor-blind twin: nothing from well before the alert until now.

        The alert itself still arrives: products report detections on another way than their telemetry."""
        outage = self.alert_at - self.rng.randint(185, 420) * MINUTE
        never = self.rng.random() < 0.4
        gaps = []
        for sensor, host in pairs:
            if sensor == "edr" and never and not self.from_agent:
                gaps.append(Gap(sensor, host.name, EPOCH_MS, None, "not_deployed"))
            else:
                gaps.append(Gap(sensor, host.name, outage, None, "down"))
        return tuple(gaps)

    def silenced(self, pairs: Iterable[tuple[str, Host]]) -> tuple[Gap, ...]:
        """The gaps an attacker leaves by stopping sensors."""
        return tuple(Gap(sensor, host.name, self.killed_at + 1, None, "silent") for sensor, host in pairs)

    def gaps(self, *pairs: tuple[str, Host]) -> tuple[Gap, ...]:
        """The gaps this kind of story has at these sensors and hosts."""
        if self.kind == "sensor_blind":
            return self.blind(pairs)
        if self.kind == "attack_killed_sensor":
            return self.silenced(pairs)
        return ()

    def stop_agent(self, host: Host, account: Account, parent: t.Process) -> None:
        """The step in which an attacker stops the endpoint agent, when that is the story."""
        if self.kind != "attack_killed_sensor":
            return
        at, name = self.killed_at, self.tool()
        killer = t.process(host, at - SECOND, f"C:\\Users\\{account.name}\\AppData\\Local\\Temp\\{name}", f"{name} -s")
        events = [
            t.started(at - SECOND, host, account, killer, parent, integrity="high"),
            t.agent_event(at, host, "agent_stopped", killer),
        ]
        self.step("stop the agent", events, "T1562.001")
        self._goes_on(host)

    def stop_logging(self, source: str, host: Host, account: Account, address: str, api: str) -> None:
        """The step in which an attacker switches a log source off, when that is the story."""
        if self.kind != "attack_killed_sensor":
            return
        event = t.logging_disabled(self.killed_at, source, host, account, address, api)
        self.step("stop the log", [event], "T1562.008")
        self._goes_on(host)

    def _goes_on(self, host: Host) -> None:
        """What a machine does by itself while one of its sensors is silent: it reports, or asks for a usual name."""
        monitor, (domain, address) = self.enterprise.hosts_named("mon-")[0], self.enterprise.services[0]
        for number in range(4):
            at = self.killed_at + (4 + 13 * number) * MINUTE
            if host.kind == "workstation":
                usual = t.lookup(at, host, f"www.{domain}", domain, address.ip)
            else:
                usual = t.outbound(at, host, monitor.ip, 8443, 1_800)
            self.step(f"ordinary {number}", [usual])


def shifted(events: Iterable[Event], by: int) -> list[Event]:
    """The same events at another time."""
    return [replace(event, at=event.at + by) for event in events]
