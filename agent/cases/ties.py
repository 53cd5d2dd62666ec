"""What an alert can be tied to others by. A user name alone ties nothing."""

import ipaddress
from typing import Final

from agent.models import Alert

_FIELDS: Final = {
    "process.entity_id": "process",
    "process.parent.entity_id": "process",
    "logon.id": "logon",
    "network.community_id": "flow",
    "suricata.flow_id": "flow",
    "source.ip": "source",
}
"""ECS field to kind of tie; process and parent share a kind, since one alert's child is the other's parent."""


def ties(alert: Alert) -> frozenset[str]:
    """`kind:value` of everything in the alert that may tie another alert to it.

    These only find candidates; whether two alerts belong together is decided on the alerts themselves."""
    found: set[str] = set()
    for field in alert.fields:
        if (kind := _FIELDS.get(field.name)) is None:
            continue
        values = field.value if isinstance(field.value, tuple) else (field.value,)
        found.update(f"{kind}:{_plain(str(value))}" for value in values if str(value).strip())
    return frozenset(found)


def _plain(value: str) -> str:
    """One spelling per value."""
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return value.strip().lower()
