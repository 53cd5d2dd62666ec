"""Secrets that come from files of many, handed to the kit beside the settings: no answer and no log line holds one."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, SecretStr


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True)

    secret: SecretStr


class _Two(BaseModel):
    model_config = ConfigDict(frozen=True)

    one: BaseModel
    other: BaseModel


def sealed(settings: BaseModel, secrets: Iterable[str]) -> BaseModel:
    """A model that holds the settings and these secrets, for `build_server`: a tree, since nesting is all it reads."""
    held: list[BaseModel] = [settings, *(_Word(secret=SecretStr(word)) for word in dict.fromkeys(secrets))]
    while len(held) > 1:
        pairs = [_Two(one=one, other=other) for one, other in zip(held[::2], held[1::2], strict=False)]
        held = [*pairs, *held[len(pairs) * 2 :]]
    return held[0]
