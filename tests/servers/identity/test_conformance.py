"""The identity server is what every server has to be, over the lab and in front of OpenLDAP."""

from pathlib import Path

import pytest

from servers.identity.server import build
from servers.identity.settings import IdentitySettings
from servers.kit.answer import JsonObject
from servers.kit.conformance import assert_conformant
from tests.servers.acting import analyst
from tests.servers.identity.slapd import BIND_WORD, PLANTED, slapd
from tests.servers.parts import over_lab

MEMBERSHIP: JsonObject = {"account": "cleo", "group": "night", "reason": "drill"}
EXAMPLES: dict[str, JsonObject] = {
    "identity_get_account": {"account": "ben"},
    "identity_search_accounts": {"text": "harbour"},
    "identity_list_members": {"group": "admins"},
    "identity_disable_account": {"account": "dora", "reason": "drill"},
    "identity_enable_account": {"account": "dora", "reason": "drill"},
    "identity_remove_from_group": MEMBERSHIP,
    "identity_add_to_group": MEMBERSHIP,
}


async def test_over_the_lab(whole_lab: Path) -> None:
    """Bounds and hostile arguments."""
    window: JsonObject = {"start": "2026-03-09T00:00:00Z", "end": "2026-03-09T14:00:00Z"}

    await assert_conformant(
        build(over_lab(whole_lab), IdentitySettings()),
        examples={"identity_list_signins": window},
        again=lambda: build(over_lab(whole_lab), IdentitySettings()),
    )


@pytest.mark.thorough
async def test_in_front_of_openldap(tmp_path: Path) -> None:
    """The same, nothing changed without a grant, and an error when the directory dies."""
    with slapd(tmp_path) as directory:
        settings = directory.settings()
        server = analyst(build, settings, tmp_path).server

        await assert_conformant(
            server,
            examples=EXAMPLES,
            canaries=[BIND_WORD],
            planted=[PLANTED],
            again=lambda: analyst(build, settings, tmp_path).server,
            state=directory.dump,
            dies=directory.die,
        )
