"""A case's techniques as a layer that the ATT&CK Navigator opens.

Source: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

import json
from typing import Final

from agent.evidence.text import inert
from agent.intake.attack import attack_table
from agent.models import Case, JsonObject, Report

FORMAT: Final = "4.5"
NAVIGATOR: Final = "5.1.0"


def navigator_layer(case: Case) -> bytes:
    """The layer: each technique with the score of its likelihood and what speaks for it."""
    report = case.report
    layer: JsonObject = {
        "name": f"{case.id} (MCPSoc)",
        "versions": {"attack": attack_table().attack_version.split(".")[0], "navigator": NAVIGATOR, "layer": FORMAT},
        "domain": "enterprise-attack",
        "description": inert(case.title),
        "techniques": [_technique(item, report) for item in report.verdict.techniques] if report else [],
        "gradient": {"colors": ["#ffe0b2", "#c62828"], "minValue": 0, "maxValue": 100},
        "metadata": [{"name": "case", "value": case.id}, {"name": "synthetic", "value": str(case.synthetic).lower()}],
    }
    return json.dumps(layer, ensure_ascii=False, indent=1).encode()


def _technique(technique: str, report: Report) -> JsonObject:
    claims = {claim.id: claim.text for claim in report.claims if claim.status == "verified"}
    said = [claims[item.claim] for item in report.findings if technique in item.techniques and item.claim in claims]
    return {
        "techniqueID": technique,
        "score": round(report.verdict.likelihood * 100),
        "comment": inert("; ".join(said), 2000),
        "enabled": True,
        "showSubtechniques": "." not in technique,
    }
