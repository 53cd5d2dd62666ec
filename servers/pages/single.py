"""The page of a server that is not among the bundled ones."""

from collections.abc import Callable

from pydantic_settings import BaseSettings

from knowledge.trust.grants import SpentNonces
from knowledge.trust.keys import SigningKey
from servers.kit import Conditions, Gate, SecurityServer
from servers.pages.manual import manual_of
from servers.pages.markdown import page
from servers.pages.options import group_of


def page_of(build: Callable[[Conditions], SecurityServer], settings: type[BaseSettings]) -> str:
    """What a person reads about the server, with every change it has, and about its settings."""
    server = build(Conditions(gate=Gate(SigningKey.generate().public, "", SpentNonces)))
    return page(manual_of(server), "", (), [group_of(settings)], made_by=f"python -m {server.name} page")
