"""What no bundled server speaks to yet, and what it would take: `unsupported.yaml`."""

from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter


class Missing(BaseModel):
    """One product, or several that miss the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: str
    server: str
    """The server it would stand behind."""
    meanwhile: str = ""
    """What does the same work today; empty when nothing does."""
    needed: str


def missing() -> tuple[Missing, ...]:
    """Product by product, in the order of the servers."""
    text = (files("servers.pages") / "unsupported.yaml").read_text("utf-8")
    return tuple(TypeAdapter(list[Missing]).validate_python(yaml.safe_load(text)))
