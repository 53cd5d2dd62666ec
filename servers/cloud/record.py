"""One CloudTrail record: what the provider attests, apart from what the caller wrote.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from servers.cloud.models import CloudEvent
from servers.kit.envelope import iso
from servers.lab.records import JsonObject
from servers.observables import address as plain

SENSOR: Final = "cloudtrail"
_ARN: Final = re.compile(r"arn:aws[a-z-]{0,20}:(iam|sts)::\d{0,12}:[\x21-\x7e]{1,512}")
_SERVICE: Final = re.compile(r"AWS Internal|[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,6}\.amazonaws\.com(\.cn)?")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_USER: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")
_HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_LONGEST: Final = 2_000


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _Issuer(_Model):
    arn: str | None = None


class _Attributes(_Model):
    mfa_authenticated: str | bool | None = None


class _Session(_Model):
    session_issuer: _Issuer | None = None
    attributes: _Attributes | None = None


class _Identity(_Model):
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    session_context: _Session | None = None


class _Record(_Model):
    event_id: str
    event_time: AwareDatetime
    event_name: str
    event_source: str
    event_type: str | None = None
    aws_region: str | None = None
    source_ip_address: str | None = None
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    read_only: bool | str | None = None
    recipient_account_id: str | None = None
    user_identity: _Identity | None = None
    request_parameters: JsonValue = None
    response_elements: JsonValue = None
    additional_event_data: JsonValue = None
    resources: JsonValue = None

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=lambda name: {"event_id": "eventID", "source_ip_address": "sourceIPAddress"}.get(
            name, to_camel(name)
        ),
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One record as far as it is compared, and whole as an event."""

    id: str
    time: datetime
    principal: str | None
    role: str | None
    user: str | None
    api: str
    source: str | None
    """An address, or the AWS service that called."""
    access_key: str | None
    account: str | None
    """Account whose trail has it."""
    region: str | None
    error: str | None
    failed: bool
    user_agent: str | None
    event: CloudEvent


def call_of(row: JsonValue) -> Call:
    """A record of the trail. Raises: ValueError for what is none."""
    record = _Record.model_validate(row)
    identity = record.user_identity or _Identity()
    failed = record.error_code is not None or _refused(record)
    error = _word(record.error_code) or ("Failure" if failed else None)
    id_, api = _word(record.event_id), _word(record.event_name)
    if id_ is None or api is None:
        raise ValueError("an id or a name that the provider does not write")
    address = _address(record.source_ip_address)
    service = _matching(_SERVICE, record.source_ip_address) or _matching(_SERVICE, identity.invoked_by)
    principal = _principal(identity)
    call = _Parts(record, identity, id_, api, principal, address, service, error, failed=failed)
    return Call(
        id=id_,
        time=record.event_time,
        principal=principal,
        role=_role(identity),
        user=_user(identity, principal),
        api=api,
        source=address or service,
        access_key=_word(identity.access_key_id),
        account=_word(record.recipient_account_id),
        region=_word(record.aws_region),
        error=error,
        failed=failed,
        user_agent=_clipped(record.user_agent, 300),
        event=_event(call),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    record: _Record
    identity: _Identity
    id: str
    api: str
    principal: str | None
    address: str | None
    service: str | None
    error: str | None
    failed: bool


def _event(call: _Parts) -> CloudEvent:
    record, identity = call.record, call.identity
    user = _user(identity, call.principal)
    attempted = identity.user_name if user is None and identity.user_name != _HIDDEN else None
    fields: JsonObject = {
        "event.id": call.id,
        "@timestamp": iso(record.event_time),
        "event.source": SENSOR,
        "event.category": "cloud",
        "event.action": "sign_in" if call.api == "ConsoleLogin" else "api_call",
        "event.outcome": "failure" if call.failed else "success",
        "user.name": user,
        "user.attempted_name": _clipped(attempted, 200),
        "source.ip": call.address,
        "source.service": call.service,
        "source.other": None if call.address or call.service else _clipped(record.source_ip_address, 200),
        "cloud.principal": call.principal,
        "cloud.principal_type": _word(identity.type),
        "cloud.principal_other": None if call.principal else _clipped(identity.arn or identity.principal_id, 300),
        "cloud.role": _role(identity),
        "cloud.account": _word(identity.account_id) or _word(record.recipient_account_id),
        "cloud.recipient_account": _word(record.recipient_account_id),
        "cloud.access_key": _word(identity.access_key_id),
        "cloud.api": call.api,
        "cloud.service": _matching(_SERVICE, record.event_source),
        "cloud.event_type": _word(record.event_type),
        "cloud.region": _word(record.aws_region),
        "cloud.error_code": call.error,
        "cloud.read_only": str(record.read_only).lower() == "true" if record.read_only is not None else None,
        "authentication.mfa": _mfa(record),
        "user_agent": _clipped(record.user_agent, 500),
        "cloud.error_message": _clipped(record.error_message, 500),
        "cloud.request_parameters": _shown(record.request_parameters),
        "cloud.resource": _resources(record.resources),
    }
    return CloudEvent({name: value for name, value in fields.items() if value is not None})


def _refused(record: _Record) -> bool:
    """A sign-in to the console that failed has no error code, only this."""
    told = record.response_elements
    return isinstance(told, Mapping) and "Failure" in (told.get("ConsoleLogin"), told.get("SwitchRole"))


def _principal(identity: _Identity) -> str | None:
    """The ARN, or what stands for it where there is none: a service, or a foreign account."""
    if (arn := _matching(_ARN, identity.arn)) is not None:
        return arn
    if (service := _matching(_SERVICE, identity.invoked_by)) is not None:
        return service
    account = identity.account_id or ""
    return f"account:{account}" if re.fullmatch(r"\d{12}", account) else None


def _role(identity: _Identity) -> str | None:
    session = identity.session_context
    return None if session is None or session.session_issuer is None else _matching(_ARN, session.session_issuer.arn)


def _user(identity: _Identity, principal: str | None) -> str | None:
    """The name of a user that the provider found; one that was merely typed at a sign-in is not it."""
    if principal is None or not principal.startswith("arn:"):
        return None
    if identity.type == "Root":
        return "root"
    return _matching(_USER, principal.rpartition("/")[2]) if "/" in principal else None


def _mfa(record: _Record) -> str | None:
    told = record.additional_event_data
    used = told.get("MFAUsed") if isinstance(told, Mapping) else None
    session = record.user_identity.session_context if record.user_identity else None
    said = (
        used if used is not None else session.attributes.mfa_authenticated if session and session.attributes else None
    )
    return None if said is None else "satisfied" if str(said).lower() in ("yes", "true") else "none"


def _address(text: str | None) -> str | None:
    try:
        return None if text is None else str(plain(text))
    except ValueError:
        return None


def _word(text: str | None) -> str | None:
    return _matching(_WORD, text)


def _matching(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _clipped(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None


def _shown(value: JsonValue) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)[:_LONGEST]


def _resources(value: JsonValue) -> str | None:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    names = [str(row.get("ARN") or row.get("resourceName") or "") for row in rows[:20]]
    return ", ".join(name for name in names if name)[:_LONGEST] or None
