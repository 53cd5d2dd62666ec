"""ATT&CK and CISA KEV as documents."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from knowledge.attack import notice
from knowledge.errors import DocumentError
from knowledge.importers import Imported, read, read_kev
from knowledge.models import Document
from tests.knowledge.importers.made import put

KEV: Mapping[str, JsonValue] = {
    "cveID": "CVE-2024-3400",
    "vendorProject": "Palo Alto Networks",
    "product": "PAN-OS",
    "vulnerabilityName": "Palo Alto Networks PAN-OS Command Injection Vulnerability",
    "dateAdded": "2024-04-12",
    "shortDescription": "GlobalProtect lets an attacker\n## run commands as root.",
    "requiredAction": "Apply mitigations per vendor instructions.",
    "dueDate": "2024-04-19",
    "knownRansomwareCampaignUse": "Known",
    "notes": "https://security.paloaltonetworks.com/CVE-2024-3400",
    "cwes": ["CWE-20", "CWE-77"],
}


def catalogue(*entries: Mapping[str, JsonValue]) -> str:
    """The file as CISA publishes it."""
    head: dict[str, JsonValue] = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "count": len(entries)}
    dates: dict[str, JsonValue] = {"catalogVersion": "2024.04.12", "dateReleased": "2024-04-12T16:00:22.6891Z"}
    return json.dumps(head | dates | {"vulnerabilities": [dict(entry) for entry in entries]})


def by_id(found: Imported) -> dict[str, Document]:
    """Documents by id."""
    return {document.id: document for document in found.documents}


def test_kev_gives_one_advisory_for_each_vulnerability(tmp_path: Path) -> None:
    """What has to be done, and until when, is what is asked."""
    document = read(str(put(tmp_path, {"kev.json": catalogue(KEV)}) / "kev.json")).documents[0]

    assert (document.id, document.kind, document.origin, document.provenance) == (
        "kev/CVE-2024-3400", "advisory", "kev", "T2",
    )  # fmt: skip
    assert [section.id for section in document.sections] == ["kev/CVE-2024-3400#known-exploited"]
    for words in ("PAN-OS", "until 2024-04-19", "Apply mitigations", "ransomware: Known", "CWE-20, CWE-77"):
        assert words in document.sections[0].text


def test_entries_of_kev_that_are_broken_are_refused_by_name(tmp_path: Path) -> None:
    """One wrong entry must not keep the others out, and no id may be forged."""
    entries = [KEV, {**KEV, "cveID": "CVE-2024-1/../../x"}, {**KEV, "cveID": "CVE-2024-1111", "dateAdded": "soon"}, {}]
    found = read_kev(put(tmp_path, {"k": catalogue(*entries)}) / "k")

    assert list(by_id(found)) == ["kev/CVE-2024-3400"]
    assert [refusal.path for refusal in found.refused] == ["entry 2", "CVE-2024-1111", "entry 4"]
    with pytest.raises(DocumentError, match="no catalogue"):
        read_kev(put(tmp_path, {"k": "[]"}) / "k")


def stix() -> str:
    """A bundle with one of each, a revoked and a deprecated one."""

    def thing(kind: str, number: int, external: str, name: str, **more: JsonValue) -> dict[str, JsonValue]:
        references: JsonValue = [{"source_name": "mitre-attack", "external_id": external, "url": "https://x"}]
        told = f"{name} is [told](https://attack.mitre.org/x) of.(Citation: A (b) c)"
        about: dict[str, JsonValue] = {"type": kind, "id": f"{kind}--{number}", "name": name, "description": told}
        return about | {"external_references": references} | more

    def tie(kind: str, number: int, source: str, target: str) -> dict[str, JsonValue]:
        ends: dict[str, JsonValue] = {"source_ref": source, "target_ref": target, "relationship_type": kind}
        return {"type": "relationship", "id": f"relationship--{number}"} | ends

    phase: JsonValue = [{"kill_chain_name": "mitre-attack", "phase_name": "credential-access"}]
    strategy: dict[str, JsonValue] = {"x_mitre_analytic_refs": ["x-mitre-analytic--1"]}
    objects = [
        thing("attack-pattern", 1, "T1110", "Brute Force", kill_chain_phases=phase, x_mitre_platforms=["Linux"]),
        thing("attack-pattern", 2, "T1110.003", "Password Spraying"),
        thing("attack-pattern", 3, "T1111", "Old", revoked=True),
        thing("attack-pattern", 4, "T1112", "Older", x_mitre_deprecated=True),
        thing("attack-pattern", 5, "../T1", "Forged"),
        thing("x-mitre-tactic", 1, "TA0006", "Credential Access"),
        thing("course-of-action", 1, "M1032", "Multi-factor Authentication"),
        thing("intrusion-set", 1, "G0016", "APT29", aliases=["APT29", "Cozy Bear"]),
        thing("malware", 1, "S0002", "Mimikatz"),
        thing("x-mitre-detection-strategy", 1, "DET1", "Spray", **strategy),
        {"type": "x-mitre-analytic", "id": "x-mitre-analytic--1", "description": "Many accounts, one source."},
        tie("mitigates", 1, "course-of-action--1", "attack-pattern--1"),
        tie("uses", 2, "intrusion-set--1", "attack-pattern--2"),
        tie("uses", 3, "intrusion-set--1", "attack-pattern--3"),
        tie("detects", 4, "x-mitre-detection-strategy--1", "attack-pattern--1"),
    ]
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects})


def tables() -> dict[str, bytes | str]:
    """The same as tables, some of them packed."""
    techniques = [
        {"id": "T1110", "name": "Brute Force", "description": "x", "tactics": ["credential-access"],
         "platforms": ["Linux"], "mitigations": ["M1032 Multi-factor Authentication"],
         "detection_strategies": [{"name": "Spray", "analytics": [{"description": "Many accounts, one source."}]}]},
        {"id": "T1110.003", "name": "Password Spraying", "description": "y"},
        {"id": "T1111", "name": "Old", "description": "z"},
    ]  # fmt: skip
    group = {"id": "G0016", "type": "intrusion-set", "name": "APT29", "aliases": ["Cozy Bear"], "description": "g"}
    tool = {"id": "S0002", "type": "malware", "name": "Mimikatz", "aliases": None, "description": "m"}
    return {
        "techniques.jsonl.gz": gzip.compress("\n".join(json.dumps(row) for row in techniques).encode()),
        "tactics.jsonl": json.dumps({"id": "TA0006", "name": "Credential Access", "description": "t"}),
        "mitigations.jsonl": json.dumps({"id": "M1032", "name": "Multi-factor Authentication", "description": "m"}),
        "entities.jsonl": json.dumps(group) + "\n" + json.dumps(tool),
        "procedure_examples.jsonl": json.dumps({"entity": "G0016", "technique": "T1110.003", "text": "e"}),
        "revoked_by.json": json.dumps({"T1111": "T1110"}),
    }


@pytest.mark.parametrize("form", ["bundle", "tables"])
def test_attack_in_either_form_gives_the_same_documents(tmp_path: Path, form: str) -> None:
    """What MITRE no longer stands by is left out; whose text it is stands with each document."""
    put(tmp_path, {"enterprise.json": stix()} if form == "bundle" else tables())
    found = by_id(read(str(tmp_path / "enterprise.json") if form == "bundle" else str(tmp_path)))
    technique = {section.heading: section.text for section in found["attack/T1110"].sections}

    assert set(found) == {f"attack/{one}" for one in ("T1110", "T1110.003", "TA0006", "M1032", "G0016", "S0002")}
    assert found["attack/T1110.003"].title == "T1110.003 Brute Force: Password Spraying"
    assert found["attack/T1110.003"].source.startswith("https://attack.mitre.org/techniques/T1110/003 ")
    assert notice() in found["attack/T1110"].source
    assert technique["Mitigations"] == "- M1032 Multi-factor Authentication"
    assert technique["Detection"] == "- Spray. Many accounts, one source."
    assert "Tactics: credential-access" in technique["Description"]
    assert found["attack/G0016"].sections[1].text == "- T1110.003 Brute Force: Password Spraying"
    assert "Cozy Bear" in found["attack/G0016"].sections[0].text
    assert {document.kind for document in found.values()} == {"technique", "tactic", "document"}
    assert {document.provenance for document in found.values()} == {"T2"}


def test_marks_of_citations_and_addresses_of_links_are_left_out(tmp_path: Path) -> None:
    """They are noise to a search and live links to a page."""
    put(tmp_path, {"b.json": stix()})
    text = by_id(read(str(tmp_path / "b.json")))["attack/M1032"].sections[0].text

    assert text == "Multi-factor Authentication is told of."


@pytest.mark.parametrize(
    "content",
    ['{"type": "bundle", "objects": 7}', '{"type": "bundle", "objects": []}', "{", '{"a": 1}', "[" * 100_000],
)
def test_data_of_no_known_form_is_refused(tmp_path: Path, content: str) -> None:
    """Nothing imported must not look like an import."""
    put(tmp_path, {"a.json": content})
    with pytest.raises(DocumentError):
        read(str(tmp_path / "a.json"))


def test_packed_data_that_never_ends_or_is_cut_is_refused(tmp_path: Path) -> None:
    """A small file may unpack to more than the machine has."""
    put(tmp_path, {"a.json.gz": gzip.compress(b" " * 201_000_000, 1), "b.json.gz": gzip.compress(b"x" * 999)[:20]})
    with pytest.raises(DocumentError, match="larger than 200 MB"):
        read(str(tmp_path / "a.json.gz"))
    with pytest.raises(DocumentError, match="cannot be read"):
        read(str(tmp_path / "b.json.gz"))
