"""Plays a story's script up to a time, against the containment in force: a state machine whose state is a few numbers.

The main line is a sequence of steps; a step whose need is contained stalls there and tries again later. Beats (beacons,
heartbeats) repeat beside it once their step is done; a beat that is stopped is lost and the next one tries again.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from servers.lab.reaction import Controls, Measure, Need
from servers.lab.records import Event, digest, encode

Kind: TypeAlias = Literal["attack", "benign_twin", "sensor_blind", "attack_killed_sensor", "attack_beside_authorised"]
KINDS: tuple[Kind, ...] = ("attack", "benign_twin", "sensor_blind", "attack_killed_sensor", "attack_beside_authorised")

RETRY_MS = 20 * 60_000
"""How long a stalled story waits before it tries the same thing again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the main line. `emit` gives the step's events, in order of time, for the time it begins at."""

    name: str
    begins: int
    """Lab time at which it begins when nothing holds it up."""
    emit: Callable[[int], list[Event]]
    technique: str | None = None
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that repeats from the end of a step on."""

    after: str
    every_ms: int
    event: Callable[[int, int], Event]
    """Time and number of the beat to its event, at that time."""
    needs: tuple[Need, ...] = ()
    most: int = 2000


@dataclass(frozen=True, slots=True)
class Script:
    """A story ready to be played."""

    steps: tuple[Step, ...]
    beats: tuple[Beat, ...] = ()
    hostile: bool = False
    """Whether containing it is right."""


@dataclass(slots=True)
class State:
    """How far a story has come."""

    step: int = 0
    event: int = 0
    delay_ms: int = 0
    tries: int = 0
    stopped_at: str | None = None
    """The step that containment stopped first."""
    stalled: bool = False
    done: dict[str, int] = field(default_factory=dict)
    """Step to the time of its last event."""
    beats: list[int] = field(default_factory=list)

    def dump(self) -> str:
        """As JSON text."""
        return encode({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, text: str) -> "State":
        """From the JSON text of `dump`."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Happened:
    """One event a story brought about, or the measure that stopped it; `event` is what the sensors recorded."""

    id: str
    event: Event | None
    wanted: Event
    measure: Measure | None = None


class Player:
    """Plays one story from its state up to a time."""

    def __init__(self, story: str, script: Script, state: State, controls: Controls) -> None:
        self.story, self.script, self.state, self.controls = story, script, state, controls

    def play(self, until: int) -> Iterator[Happened]:
        """Everything that happens up to and at that time; the state moves along."""
        yield from self._main_line(until)
        yield from self._beats(until)

    def _main_line(self, until: int) -> Iterator[Happened]:
        state = self.state
        while state.step < len(self.script.steps):
            step = self.script.steps[state.step]
            events = step.emit(step.begins + state.delay_ms)
            while state.event < len(events):
                event = events[state.event]
                if event.at > until:
                    return
                happened = self._attempt(step, event)
                yield happened
                if happened.measure is not None and self.script.hostile:
                    break
                state.event += 1
            else:
                state.done[step.name] = events[-1].at if events else step.begins + state.delay_ms
                state.step, state.event = state.step + 1, 0

    def _attempt(self, step: Step, event: Event) -> Happened:
        state = self.state
        key = digest(self.story, step.name, state.event, state.tries)
        measure = self.controls.against(event) or self.controls.without(step.needs, event.at)
        if measure is None:
            state.stalled = False
            return Happened(key, event, event)
        if self.script.hostile:
            state.stopped_at = state.stopped_at or step.name
            state.stalled = True
            state.delay_ms += RETRY_MS
            state.tries += 1
        return Happened(key, self._trace(event, measure), event, measure)

    def _trace(self, event: Event, measure: Measure) -> Event | None:
        """What is seen of a stopped step; one that merely lacks its channel leaves nothing."""
        return self.controls.instead(event, measure) if self.controls.against(event) else None

    def _beats(self, until: int) -> Iterator[Happened]:
        state = self.state
        state.beats += [0] * (len(self.script.beats) - len(state.beats))
        for index, beat in enumerate(self.script.beats):
            begun = state.done.get(beat.after)
            while begun is not None and state.beats[index] < beat.most:
                number = state.beats[index]
                at = begun + (number + 1) * beat.every_ms + self._jitter(number, beat.every_ms)
                if at > until:
                    break
                yield from self._beat(beat, index, number, at)
                state.beats[index] += 1

    def _jitter(self, number: int, every_ms: int) -> int:
        return int(digest(self.story, "jitter", number), 16) % (every_ms // 10)

    def _beat(self, beat: Beat, index: int, number: int, at: int) -> Iterator[Happened]:
        event = beat.event(at, number)
        key = digest(self.story, "beat", index, number)
        if measure := self.controls.against(event):
            yield Happened(key, self.controls.instead(event, measure), event, measure)
        elif measure := self.controls.without(beat.needs, at):
            yield Happened(key, None, event, measure)
        else:
            yield Happened(key, event, event)
