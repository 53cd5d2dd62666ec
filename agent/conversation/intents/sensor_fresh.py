"""Whether log sources still report."""

from agent.conversation.models import Referents
from agent.conversation.protocol import CouldNotLook, Draft, Fact, Looker, Understood
from agent.models import Equals, Evidence, Ref


class SensorFresh:
    """Each log source with its state and its last event."""

    name = "sensor_fresh"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """One sentence per source."""
        sources = await looker.read("siem__siem_list_sources", {})
        if sources.status not in ("success", "no_data"):
            return Draft(said=(CouldNotLook(sources.id, "I could not ask for the log sources: {reason}."),))
        return Draft(said=tuple(_fact(sources, index, state) for index, state in enumerate(_states(sources))))


def _states(sources: Evidence) -> list[str]:
    rows = sources.data.get("sources") if isinstance(sources.data, dict) else None
    return [str(row.get("state")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _fact(sources: Evidence, index: int, state: str) -> Fact:
    at = f"$.sources[{index}]"
    return Fact(
        Equals(
            id=f"source{index}",
            template="{name} is {value}; its last event is from {last}.",
            ref=Ref(evidence=sources.id, path=f"{at}.state"),
            value=state,
            slots={
                "name": Ref(evidence=sources.id, path=f"{at}.name"),
                "last": Ref(evidence=sources.id, path=f"{at}.last_event"),
            },
        )
    )
