"""Whether the register of authorised work has an entry that touches something; whether it fits is for a person."""

from typing import Final

from agent.conversation.intents.saying import Saying, about, equals, nothing, path, told, unanswered
from agent.conversation.intents.the_case import case_of, get_case
from agent.conversation.models import Entity, Referents, moment_text
from agent.conversation.protocol import Draft, Looker, Speech, Understood
from agent.conversation.understanding.rows import objects, rows, text
from agent.models import Evidence, JsonObject

_MOST: Final = 5
_ARGUMENT: Final = {"host": "host", "account": "account", "address": "address", "technique": "technique"}
ENTRY: Final = "{value} ({kind}): {title}, from {start} to {end}, approved by {approver}."
REVOKED: Final = "{id} was revoked."
HOSTS: Final = "{value} names the hosts {names}."
ACCOUNTS: Final = "{value} names the accounts {names}."
NONE: Final = "The register of authorised work has no entry within a day of that time that names any of this."
JUDGE: Final = "An entry authorises only when account, host, source, technique and time all fit."


class AuthorisedWork:
    """Entries of the register."""

    name = "authorised_work"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """One sentence an entry."""
        wanted = await _wanted(question, looker)
        work = await looker.read("assets__assets_list_authorised_work", {**wanted, "limit": _MOST})
        entries = range(len(rows(work, "work")))
        return Draft(
            said=told(
                unanswered(work) or nothing(work, NONE, "$.work[*]"),
                [sentence for place in entries for sentence in _entry(work, place)],
                Speech(JUDGE) if entries else None,
            ),
            referents=about(question, referents, self.name),
        )


async def _wanted(question: Understood, looker: Looker) -> JsonObject:
    """Whom and when to ask about: what is named, else the first alert of the case; now when no time is known."""
    at = question.window.start if question.window else looker.now()
    things = [item for item in question.entities if item.type in _ARGUMENT and item.said]
    things = things or [item for item in question.entities if item.type in _ARGUMENT][:1]
    case: Entity | None = question.first("case")
    if not [item for item in things if item.said] and case is not None:
        alert = next(iter(objects(case_of(await get_case(case.value, question.language, looker)).get("alerts"))), {})
        named = {"host": text(alert, "host"), "account": text(alert, "user"), "address": text(alert, "source")}
        return {"at": text(alert, "time") or moment_text(at), **{name: value for name, value in named.items() if value}}
    return {"at": moment_text(at), **{_ARGUMENT[item.type]: item.value for item in things}}


def _entry(work: Evidence, place: int) -> list[Saying]:
    at = ("work", place)
    named = {"kind": "kind", "title": "title", "start": "window_start", "end": "window_end", "approver": "approver"}
    revoked = rows(work, "work")[place].get("revoked") is True
    one = {"id": path(*at, "id")}
    return [
        equals(work, ENTRY, path(*at, "id"), {slot: path(*at, member) for slot, member in named.items()}),
        _names(work, HOSTS, place, "hosts"),
        _names(work, ACCOUNTS, place, "accounts"),
        equals(work, REVOKED, path(*at, "revoked"), one) if revoked else None,
    ]


def _names(work: Evidence, template: str, place: int, member: str) -> Saying:
    at = path("work", place, "id")
    names = f"{path('work', place, member)}[*]"
    return equals(work, template, at, {"names": names}) if rows(work, "work")[place].get(member) else None
