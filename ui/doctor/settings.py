"""Checks of the settings: names that exist, values that can be used."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import BaseSettings

import agent.brain.endpoint.settings
import agent.settings
import evals.settings
import knowledge.endpoint
import knowledge.settings
import servers.antivirus.settings
import servers.assets.settings
import servers.cloud.settings
import servers.config.settings
import servers.dns.settings
import servers.endpoint.settings
import servers.endpoint.wazuh.settings
import servers.firewall.pfsense.settings
import servers.firewall.settings
import servers.identity.settings
import servers.ids.settings
import servers.intel.settings
import servers.kit.access
import servers.mail.settings
import servers.malware.settings
import servers.notify.settings
import servers.reputation.settings
import servers.settings
import servers.siem.settings
import servers.tickets.settings
import servers.vulnerability.settings
import ui.api.settings
import ui.settings
from servers.kit.settings import SUFFIX, BackendSettings, holds_secret, name_of
from ui.doctor.finding import Problem
from ui.doctor.surroundings import Surroundings

PREFIX = "MCPSOC_"
CLASSES: Mapping[str, tuple[type[BaseSettings], ...]] = {
    "agent": (agent.settings.Settings,),
    "agent/brain/endpoint": (
        agent.brain.endpoint.settings.ModelSettings,
        agent.brain.endpoint.settings.StrongSettings,
        agent.brain.endpoint.settings.BudgetSettings,
    ),
    "servers": (servers.settings.Settings,),
    "servers/kit": (servers.kit.access.AccessSettings,),
    "servers/firewall": (servers.firewall.settings.FirewallSettings,),
    "servers/firewall/pfsense": (servers.firewall.pfsense.settings.PfSenseSettings,),
    "servers/siem": (servers.siem.settings.SiemSettings,),
    "servers/endpoint": (servers.endpoint.settings.EndpointSettings,),
    "servers/endpoint/wazuh": (servers.endpoint.wazuh.settings.WazuhSettings,),
    "servers/antivirus": (servers.antivirus.settings.AntivirusSettings,),
    "servers/malware": (servers.malware.settings.MalwareSettings,),
    "servers/mail": (servers.mail.settings.MailSettings,),
    "servers/notify": (servers.notify.settings.NotifySettings,),
    "servers/ids": (servers.ids.settings.IdsSettings,),
    "servers/intel": (servers.intel.settings.IntelSettings,),
    "servers/reputation": (servers.reputation.settings.ReputationSettings,),
    "servers/dns": (servers.dns.settings.DnsSettings,),
    "servers/identity": (servers.identity.settings.IdentitySettings,),
    "servers/config": (servers.config.settings.ConfigSettings,),
    "servers/tickets": (servers.tickets.settings.TicketsSettings,),
    "servers/assets": (servers.assets.settings.AssetsSettings,),
    "servers/vulnerability": (servers.vulnerability.settings.VulnerabilitySettings,),
    "servers/cloud": (servers.cloud.settings.CloudSettings,),
    "knowledge": (knowledge.settings.Settings, knowledge.endpoint.EmbeddingSettings),
    "ui": (ui.settings.Settings,),
    "ui/api": (ui.api.settings.Settings,),
    "evals": (evals.settings.Settings,),
}
"""Package, as a folder, to its settings. Where the model is has the names that every client of such endpoints uses,
`OPENAI_BASE_URL` and `OPENAI_API_KEY`, and is no setting of ours."""


def every_class() -> Iterator[type[BaseSettings]]:
    """All settings classes."""
    for classes in CLASSES.values():
        yield from classes


def names() -> frozenset[str]:
    """Every setting there is, as the environment names it; a secret of a backend may come from a file as well."""
    fields = [(each, name, field) for each in every_class() for name, field in each.model_fields.items()]
    files = [
        name_of(each, name) + SUFFIX
        for each, name, field in fields
        if issubclass(each, BackendSettings) and holds_secret(field)
    ]
    return frozenset([*(name_of(each, name) for each, name, _ in fields), *files])


def check_names(around: Surroundings) -> Iterator[Problem]:
    """Every setting that is made is one that exists."""
    known = names()
    for name in sorted({name for name in around.environment if name.startswith(PREFIX)} - known):
        near = get_close_matches(name, known, n=1)
        hint = around.t("did you mean {name}?", name=near[0]) if near else around.t("remove it; see .env.example")
        yield Problem(around.t("there is no setting {name}", name=name), hint)


def check_values(around: Surroundings) -> Iterator[Problem]:
    """Every value is one that its setting takes."""
    seen: set[str] = set()
    for settings in every_class():
        for name, reason in _refused(settings, around.environment):
            if name not in seen:
                seen.add(name)
                yield Problem(
                    around.t("{name} cannot be used: {reason}", name=name, reason=reason),
                    around.t("mend the value; .env.example shows the default"),
                )


def check_brain(around: Surroundings) -> Iterator[Problem]:
    """A model that is switched on has a name, and an endpoint or a key."""
    if around.environment.get("MCPSOC_BRAIN", "playbook").lower() != "model":
        return
    given = {name for name, value in around.environment.items() if value}
    if "MCPSOC_MODEL" not in given:
        yield Problem(
            around.t("a model is switched on, but none is named"),
            around.t("set {setting}, or take {switch} away", setting="MCPSOC_MODEL", switch="MCPSOC_BRAIN=model"),
        )
    elif not given & {"OPENAI_BASE_URL", "OPENAI_API_KEY"}:
        yield Problem(
            around.t("a model is switched on, but no endpoint is set"),
            around.t("set {setting}, or take {switch} away", setting="OPENAI_BASE_URL", switch="MCPSOC_BRAIN=model"),
        )


def _refused(settings: type[BaseSettings], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Setting and reason for each value that `settings` does not take; the value is not told, it may be secret."""
    given = {
        field: environment[name]
        for field in settings.model_fields
        if (name := name_of(settings, field)) in environment and environment[name] != ""
    }
    try:
        settings.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            yield name_of(settings, str(detail["loc"][0])), detail["msg"]
