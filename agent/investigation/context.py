"""Questions asked of every alert, whatever its class: is the telemetry there, was it authorised, what and whose is it.

They are ordinary questions in the playbook's own form, with only the arguments the alert can fill.
"""

from collections.abc import Mapping

from agent.evidence.entities import is_inside
from agent.evidence.telemetry import COVER_AFTER, COVER_BEFORE
from agent.hunting.hunt import HUNT
from agent.investigation.values import Values, slots_in
from agent.models import Scalar
from agent.playbooks.format import Playbook, Question, Reading, Window

COVERAGE, WORK, ASSET, ACCOUNT, SOURCE, RUNBOOK = "coverage", "work", "asset", "account", "source", "runbook"

_COVERED = "Did every sensor that will be asked see the hour before and after the event?"
_COVERED_ALL = "Did every sensor that will be asked see all of that time?"
COVERAGE_WINDOW = Window(before=COVER_BEFORE, after=COVER_AFTER)


def context_questions(playbook: Playbook, alert_class: str, values: Values) -> tuple[Question, ...]:
    """The context questions that this alert can fill, the required ones first; a hunt brings its own registers."""
    if playbook.name == HUNT:
        looked = (_coverage(playbook, values), _asset(values), _account(values))
        return tuple(question for question in looked if question is not None)
    candidates = (
        _coverage(playbook, values),
        _work(playbook, values),
        _asset(values),
        _account(values),
        _source(values),
        _runbook(alert_class),
    )
    return tuple(question for question in candidates if question is not None)


def _coverage(playbook: Playbook, values: Values) -> Question | None:
    contracted = [sensor.sensor for sensor in playbook.contract]
    asked = [question.sensor for question in playbook.questions if question.sensor is not None]
    sensors = list(dict.fromkeys([*contracted, *asked]))
    if not sensors:
        return None
    arguments: dict[str, Scalar | list[str] | dict[str, str]] = {"sensors": sensors}
    arguments |= _present({"host": "{host.name}", "start": "{window.start}", "end": "{window.end}"}, values)
    return Question(
        id=COVERAGE,
        asks=_COVERED if playbook.covers is None else _COVERED_ALL,
        tool="siem__siem_check_coverage",
        arguments=arguments,
        window=playbook.covers or COVERAGE_WINDOW,
        required=True,
    )


def _work(playbook: Playbook, values: Values) -> Question:
    wanted = {"at": "{alert.time}", "host": "{host.name}", "account": "{user.name}", "address": "{source.ip}"}
    return Question(
        id=WORK,
        asks="Does the register of authorised work name this actor, source, target, hour and technique?",
        tool="assets__assets_list_authorised_work",
        arguments=dict(_present(wanted, values)),
        required=True,
    )


def _asset(values: Values) -> Question | None:
    identifier = next((name for name in ("host.name", "host.ip", "destination.ip") if name in values), None)
    if identifier is None:
        return None
    return Question(
        id=ASSET,
        asks="What is the affected host, whose is it and how critical?",
        tool="assets__assets_resolve",
        arguments={"identifier": f"{{{identifier}}}", "at": "{alert.time}"},
        required=True,
        readings=(
            Reading(
                id="asset_known",
                count="$.asset",
                at_least=1,
                sentence="{name} is a {kind} of {owner}, criticality {criticality}.",
                show={slot: f"$.asset.{slot}" for slot in ("name", "kind", "owner", "criticality")},
            ),
            Reading(
                id="server_known",
                count="$[?@.kind && !@.owner]",
                at_least=1,
                sentence="{name} ({kind}, zone {zone}) belongs to {department}, criticality {criticality}.",
                show={slot: f"$.asset.{slot}" for slot in ("name", "kind", "zone", "department", "criticality")},
            ),
        ),
    )


def _account(values: Values) -> Question | None:
    if "user.name" not in values:
        return None
    return Question(
        id=ACCOUNT,
        asks="What kind of account acted, and what may it do?",
        tool="identity__identity_get_account",
        arguments={"account": "{user.name}"},
        required=True,
        readings=(
            Reading(
                id="account_privileged",
                equals="$.account.privileged",
                value=True,
                sentence="{name} is a privileged account.",
                show={"name": "$.account.name"},
            ),
            Reading(
                id="account_known",
                equals="$.account.privileged",
                value=False,
                sentence="{name} is the account of {person}, {title}, {department}.",
                show={slot: f"$.account.{slot}" for slot in ("name", "person", "title", "department")},
            ),
        ),
    )


def _source(values: Values) -> Question | None:
    """No feed knows whose an address of a private network is."""
    if "source.ip" not in values or is_inside(str(values["source.ip"].value)):
        return None
    return Question(
        id=SOURCE,
        asks="Is the source address known to threat intelligence?",
        tool="intel__intel_lookup",
        arguments={"indicator": "{source.ip}"},
        readings=(
            Reading(
                id="source_malicious",
                equals="$.verdict",
                value="malicious",
                sentence="Threat intelligence lists {indicator} as malicious.",
                show={"indicator": "$.indicator"},
                weights={"malicious": 1.0, "benign": -0.5},
            ),
        ),
    )


def _runbook(alert_class: str) -> Question:
    return Question(
        id=RUNBOOK,
        asks="What does our own runbook say about this class of alert?",
        tool="kb__kb_search",
        arguments={"query": alert_class.replace("_", " "), "limit": 3},
    )


def _present(wanted: Mapping[str, str], values: Values) -> dict[str, Scalar | list[str] | dict[str, str]]:
    """The arguments whose slots the alert fills; window and time slots are always there."""
    always = {"window.start", "window.end", "alert.time"}
    return {
        name: template
        for name, template in wanted.items()
        if all(slot in values or slot in always for slot in slots_in(template))
    }
