"""The ground truth, as tests may see it."""

import json
from dataclasses import dataclass

from servers.lab.population import build
from servers.lab.queries.events import AlertRow, get_alert
from servers.lab.stories.families import Story, kind_of, tell
from servers.lab.world import Lab


@dataclass(frozen=True, slots=True)
class Known:
    """One story of a lab with its alert."""

    story: Story
    alert: AlertRow
    required: tuple[str, ...]

    @property
    def family(self) -> str:
        return self.story.family.name

    def text(self, field: str) -> str:
        """A field of the alert."""
        return str(self.alert.fields[field])

    def does(self, step: str) -> bool:
        """Whether this story has a step of that name: no two intruders work alike."""
        return any(step == planned.name for planned in self.story.plot.script.steps)


def find(lab: Lab, family: str, kind: str) -> Known:
    """The story of that family and kind."""
    story = tell(build(lab.seed), family, kind_of(kind))
    truth = lab.db.execute("SELECT truth FROM stories WHERE id = ?", (story.id,)).fetchone()[0]
    alert = get_alert(lab.db, story.alert_id)
    assert alert is not None
    return Known(story, alert, tuple(json.loads(truth)["required"]))
