"""Alerts of the five kinds of a family are one alert: nothing in them, and no name anywhere, tells them apart."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from servers.lab.names import DOCUMENTS, TOOLS, WORDS
from servers.lab.population import build
from servers.lab.records import JsonObject
from servers.lab.stories.engine import KINDS
from servers.lab.stories.families import FAMILIES, Story, tell
from servers.lab.world import Lab

IDENTITY = re.compile(
    r"kibana\.alert\.uuid|@timestamp|host\.(id|name|ip)|user\.(id|name)|(source|destination)\.(ip|country)"
    r"|process\.(parent\.)?(entity_id|pid)|(process|file)\.hash\.sha256|session\.id|device\.id|cloud\.(access_key|account)"
)
NAMES = sorted({*WORDS, *DOCUMENTS, *TOOLS}, key=len, reverse=True)
TRAIN, TRY = range(100, 125), range(125, 133)


def normalised(alert: JsonObject) -> JsonObject:
    """The alert with ids, names and times taken out."""
    hidden = [str(alert[field]) for field in ("user.name", "host.name") if field in alert]
    names = re.compile("|".join(map(re.escape, [*hidden, *NAMES])))
    return {field: _shown(field, value, names) for field, value in alert.items()}


def _shown(field: str, value: object, names: re.Pattern[str]) -> str:
    if IDENTITY.fullmatch(field):
        return "<id>"
    text = re.sub(r"[0-9a-f]{30}", "<label>", json.dumps(value))
    return re.sub(r"(<name>)(-\w+)?\.example", r"<domain>", names.sub("<name>", text))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [1, 8, 23])
def test_alerts_of_all_kinds_are_equal_apart_from_ids_names_and_times(family: str, seed: int) -> None:
    """What decides must be found by looking, never read off the alert."""
    enterprise = build(seed)
    shapes = [normalised(tell(enterprise, family, kind).alert_document()) for kind in KINDS]

    assert all(shape == shapes[0] for shape in shapes)
    assert list(shapes[0]) == list(shapes[1])


@pytest.mark.thorough
def test_names_do_not_hint_at_the_kind() -> None:
    """A classifier that knows only names does no better than guessing."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for _, kind, tokens in _named(TRAIN):
        counts[kind].update(tokens)
    guesses = [(kind, _guess(counts, tokens)) for _, kind, tokens in _named(TRY)]

    right = sum(kind == guess for kind, guess in guesses) / len(guesses)

    assert len(guesses) == len(TRY) * 50
    assert right < 0.2 + 4 * math.sqrt(0.2 * 0.8 / len(guesses))


def test_register_titles_and_notes_come_in_every_kind_that_has_an_entry() -> None:
    """No word of the register belongs to the benign twin or to the near miss alone."""
    words: dict[str, Counter[str]] = {"benign_twin": Counter(), "attack_beside_authorised": Counter()}
    for story in _stories(range(100, 118)):
        for entry in story.plot.work:
            words[story.kind].update(re.findall(r"[a-z]+", f"{entry.title} {entry.note}".lower()))
    often = [word for word, times in (words["benign_twin"] + words["attack_beside_authorised"]).items() if times > 12]

    assert often
    assert all(words["benign_twin"][word] and words["attack_beside_authorised"][word] for word in often)


def _stories(seeds: range) -> Iterator[Story]:
    for seed in seeds:
        enterprise = build(seed)
        for family in FAMILIES:
            for kind in KINDS:
                yield tell(enterprise, family, kind)


def _named(seeds: range) -> Iterator[tuple[str, str, list[str]]]:
    """Family, kind and every token of the alert's values and of the names of what the story touches."""
    for story in _stories(seeds):
        text = json.dumps(list(story.plot.alert.values()), default=str).lower()
        yield (
            story.family.name,
            story.kind,
            [f"{story.family.name}:{token}" for token in re.findall(r"[a-z0-9]+", text)],
        )


def _guess(counts: dict[str, Counter[str]], tokens: list[str]) -> str:
    size = len(set().union(*counts.values()))
    scores = {
        kind: sum(math.log((seen[token] + 1) / (seen.total() + size)) for token in tokens)
        for kind, seen in counts.items()
    }
    return max(scores, key=lambda kind: (scores[kind], kind))


def test_truth_is_nowhere_but_in_its_own_table(exported: list[bytes]) -> None:
    """No record a server can read names a kind, a family or a verdict."""
    telling = re.compile("|".join([*KINDS, *FAMILIES, "twin", "story", "attacker"]))
    for line in exported:
        found = telling.search(line.decode())
        assert found is None, (found, line)


def test_every_record_says_that_it_is_synthetic(full: Lab, exported: list[bytes]) -> None:
    """Nobody may mistake the lab for a site, in the queue or in an export."""
    assert all(b'"synthetic":true' in line for line in exported)
    for (fields,) in full.db.execute("SELECT fields FROM alerts"):
        assert json.loads(fields)["mcpsoc.synthetic"] is True


def test_alerts_lie_in_the_past_with_the_hour_after_them() -> None:
    """The window of the telemetry contract has to be over when the alert is looked at."""
    for story in _stories(range(5)):
        ago = 1_773_064_800_000 - story.alert_at
        assert 2 * 3_600_000 < ago <= 10 * 3_600_000
