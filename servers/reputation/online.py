"""VirusTotal v3 and AbuseIPDB v2, asked and never told. Not tested against the live services.

Source: https://docs.virustotal.com/reference (ip-info, domain-info, url-info, file-info: `last_analysis_stats`) and
https://docs.abuseipdb.com/#check-endpoint.
"""

import weakref
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from servers.errors import RateLimitedError, ToolError
from servers.kit.envelope import iso
from servers.kit.http import Http, Params
from servers.observables import Kind, Observable
from servers.reputation.models import SourceSaid, Verdict
from servers.reputation.privacy import Privacy, bare
from servers.reputation.quota import Allowance

MANY_ENGINES: Final = 3
"""From this many engines on VirusTotal counts as malicious; one alone is often wrong."""
SURE, LIKELY = 75, 25
"""Abuse confidence of AbuseIPDB from which an address counts as malicious, as suspicious."""
_MOST_LABELS: Final = 12
Count = Annotated[int, Field(ge=0, le=10**9)]
Say = Callable[[JsonValue], SourceSaid]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Stats(_Part):
    harmless: Count = 0
    malicious: Count = 0
    suspicious: Count = 0
    undetected: Count = 0


class _Attributes(_Part):
    last_analysis_stats: _Stats | None = None
    last_analysis_date: Annotated[int, Field(ge=0, le=2**33)] | None = None
    tags: tuple[str, ...] = ()
    as_owner: str | None = None


class _Object(_Part):
    attributes: _Attributes


class VirusTotalAnswer(_Part):
    """An object of VirusTotal."""

    data: _Object


class _Check(_Part):
    score: Annotated[int, Field(ge=0, le=100, alias="abuseConfidenceScore")]
    reports: Count = Field(default=0, alias="totalReports")
    reported_at: AwareDatetime | None = Field(default=None, alias="lastReportedAt")
    usage: str | None = Field(default=None, alias="usageType")
    isp: str | None = None


class AbuseAnswer(_Part):
    """A check of AbuseIPDB."""

    data: _Check


@dataclass(frozen=True)
class Service:
    """One service on the internet: what it takes, what may be sent, and how often."""

    name: str
    http: Http
    kinds: frozenset[Kind]
    privacy: Privacy
    allowance: Allowance
    question: Callable[[Observable], tuple[str, Params]]
    reading: Say

    def __post_init__(self) -> None:
        weakref.finalize(self, self.http.close)

    def say(self, wanted: Observable) -> Sequence[SourceSaid]:
        """What it says of a value that may leave. Raises: ToolError (rate_limited, unauthorised, unreachable ...)."""
        why = "kind" if wanted.kind not in self.kinds else self.privacy.keeps(wanted)
        if why is not None:
            return [SourceSaid(source=self.name, state="not_asked", why=why, verdict="unknown")]
        path, params = self.question(bare(wanted))
        self.allowance.spend()
        try:
            return [self.reading(self.http.get(path, params=params))]
        except RateLimitedError as problem:
            self.allowance.wait(problem.retry_after_s)
            raise
        except ToolError as problem:
            if problem.code != "not_found":
                raise
            return [SourceSaid(source=self.name, state="unknown", verdict="unknown")]


def virustotal(http: Http, privacy: Privacy, allowance: Allowance) -> Service:
    """VirusTotal over this client."""
    kinds: frozenset[Kind] = frozenset({"address", "domain", "url", "md5", "sha1", "sha256"})
    return Service("virustotal", http, kinds, privacy, allowance, _virustotal_question, _virustotal_reading)


def abuseipdb(http: Http, privacy: Privacy, allowance: Allowance) -> Service:
    """AbuseIPDB over this client."""
    return Service("abuseipdb", http, frozenset({"address"}), privacy, allowance, _abuse_question, _abuse_reading)


def _virustotal_question(wanted: Observable) -> tuple[str, Params]:
    folder = {"address": "ip_addresses", "domain": "domains", "url": "urls"}.get(wanted.kind, "files")
    name = wanted.value
    if wanted.kind == "url":
        name = urlsafe_b64encode(name.encode()).decode().rstrip("=")
    return f"/{folder}/{name}", {}


def _virustotal_reading(answer: JsonValue) -> SourceSaid:
    found = _checked(VirusTotalAnswer, answer).data.attributes
    stats = found.last_analysis_stats or _Stats()
    engines = stats.harmless + stats.malicious + stats.suspicious + stats.undetected
    at = found.last_analysis_date
    return SourceSaid(
        source="virustotal",
        state="answered" if engines else "unknown",
        verdict=_by_engines(stats, engines),
        malicious=stats.malicious,
        suspicious=stats.suspicious,
        engines=engines,
        labels=_labels(found.as_owner, *found.tags),
        as_of=None if at is None else iso(datetime.fromtimestamp(at, UTC)),
    )


def _by_engines(stats: _Stats, engines: int) -> Verdict:
    if stats.malicious >= MANY_ENGINES:
        return "malicious"
    if stats.malicious + stats.suspicious:
        return "suspicious"
    return "clean" if engines else "unknown"


def _abuse_question(wanted: Observable) -> tuple[str, Params]:
    return "/check", {"ipAddress": wanted.value, "maxAgeInDays": 90}


def _abuse_reading(answer: JsonValue) -> SourceSaid:
    """An address nobody reported is unknown: nobody looked."""
    found = _checked(AbuseAnswer, answer).data
    score, at = found.score, found.reported_at
    return SourceSaid(
        source="abuseipdb",
        state="answered" if found.reports else "unknown",
        verdict="malicious" if score >= SURE else "suspicious" if score >= LIKELY else "unknown",
        score=score,
        reports=found.reports,
        labels=_labels(found.usage, found.isp),
        as_of=None if at is None else iso(at),
    )


def _labels(*texts: str | None) -> list[str]:
    return [text[:100] for text in texts if text][:_MOST_LABELS]


T = TypeVar("T", bound=BaseModel)


def _checked(model: type[T], answer: JsonValue) -> T:
    try:
        return model.model_validate(answer)
    except ValidationError:
        raise ToolError("bad_answer", "the service answered in another shape", "its API may have changed") from None
