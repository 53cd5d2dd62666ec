"""Who is in a group of the directory."""

import re
from typing import Final

from agent.conversation.intents.saying import about, counted, nothing, path, told
from agent.conversation.models import Referents
from agent.conversation.protocol import Draft, Looker, Speech, Understood

_MOST: Final = 20
_A_SENTENCE: Final = 5
_GROUP: Final = re.compile(
    r"\b(?:members?|membership|people|accounts|users|who is|who's|who are|everyone|everybody) (?:of|in|inside)"
    r" (?:the )?(?:group )?[\"']?(?P<a>[a-z][\w.-]*[\w])"
    r"|\b(?:group) [\"']?(?P<b>[a-z][\w.-]*[\w])"
    r"|(?P<c>[a-z][\w-]*[a-z0-9]) ?(?:这个|该)?(?:用户)?组?(?:里|中|的|有)+(?:哪些|谁|成员|人)"
)
MEMBERS: Final = "Members of {group}: {value} ({names})."
ALSO: Final = "Also: {names}."
NONE: Final = "The group has no member, or there is no such group."
WHICH: Final = "Which group? Name it as the directory has it."


class GroupMembers:
    """The accounts of one group."""

    name = "group_members"

    async def answer(self, question: Understood, referents: Referents, looker: Looker) -> Draft:
        """How many, and their names."""
        found = _GROUP.search(question.plain)
        if found is None:
            return Draft(said=(Speech(WHICH),))
        group = found["a"] or found["b"] or found["c"]
        members = await looker.read("identity__identity_list_members", {"group": group, "limit": _MOST})
        listed = members.data.get("members") if isinstance(members.data, dict) else None
        more = range(_A_SENTENCE, len(listed) if isinstance(listed, list) else 0, _A_SENTENCE)
        at = "$.members[*]"
        rest = [f"$.members[{start}:{start + _A_SENTENCE}]" for start in more]
        return Draft(
            said=told(
                None if members.truncated else counted(members, MEMBERS, at, {"names": at, "group": path("group")}),
                nothing(members, NONE, at),
                [counted(members, ALSO, place, {"names": place}) for place in rest],
            ),
            referents=about(question, referents, self.name),
        )
