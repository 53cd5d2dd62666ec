"""What the config server answers. Facts and differences come from machines that an attacker may own."""

from typing import Annotated, ClassVar, Literal

from servers.kit import T0, T1, T2, Output


class FactRow(Output):
    """One fact."""

    fact: Annotated[str, T2]
    """Its name, parts between dots."""
    value: Annotated[str, T2]


class Facts(Output):
    """Facts of one host, by name."""

    rows: ClassVar[str | None] = "facts"
    facts: list[FactRow]


class PlaybookRow(Output):
    """One playbook or manifest that may be run."""

    name: Annotated[str, T0]
    kind: Annotated[Literal["playbook", "manifest"], T1]
    about: Annotated[str, T0]
    can_apply: Annotated[bool, T1]
    undo_playbook: Annotated[str | None, T0] = None
    irreversible: Annotated[bool, T0] = False


class Playbooks(Output):
    """What the allow-list names and the folder has."""

    rows: ClassVar[str | None] = "playbooks"
    playbooks: list[PlaybookRow]
    missing: Annotated[list[str], T0]
    """Allowed names that the folder does not have."""


class ResultRow(Output):
    """One thing that differs, or could not be looked at."""

    host: Annotated[str, T2]
    what: Annotated[str, T2]
    """Task or resource."""
    outcome: Annotated[Literal["differs", "failed", "unreachable"], T1]
    difference: Annotated[str, T2]
    """Before and after, secrets masked, cut after 2,000 characters; empty when it is kept secret."""


class Check(Output):
    """What differs from what is declared. Nothing was changed."""

    rows: ClassVar[str | None] = "results"
    name: Annotated[str, T0]
    sha256: Annotated[str | None, T1] = None
    """Of the playbook's content, for config_apply_playbook; a manifest has none."""
    results: list[ResultRow]
    looked_at: Annotated[int | None, T1] = None
    """Tasks looked at; puppet does not tell how many resources."""
    differs: Annotated[int, T1]
    failed: Annotated[int, T1]


class Applied(Output):
    """A playbook that was run."""

    name: Annotated[str, T0]
    tasks: Annotated[int, T1]
    changed: Annotated[int, T1]
