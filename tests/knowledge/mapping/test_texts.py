"""What is read of a folder of ATT&CK."""

import json
from pathlib import Path

import pytest

from knowledge.errors import DocumentError
from knowledge.mapping import read_attack_texts
from tests.knowledge.mapping.attack_folder import write_attack, write_lines


def test_names_of_actors_links_and_citations_are_not_learnt(tmp_path: Path) -> None:
    """A mapper that knows names would find what a group did before, not what the text tells."""
    texts = read_attack_texts(write_attack(tmp_path))

    assert texts.examples[0].text == "dumps LSASS memory."
    assert texts.examples[2].text == "runs vssadmin on shadow copies."
    assert [technique.description for technique in texts.techniques[2:4]] == [
        "Adversaries may delete shadow copies.",
        "Emails with a malicious attachment. See Malware.",
    ]


def test_revoked_ids_are_mapped_and_unknown_ones_left_out(tmp_path: Path) -> None:
    """A technique that does not exist can then never be answered."""
    texts = read_attack_texts(write_attack(tmp_path))

    assert [example.technique for example in texts.examples if example.entity in {"S0006", "S0009"}] == ["T1566.001"]
    assert texts.current("T1193") == "T1566.001"
    assert texts.current("T1105") == "T1105"


def test_revocations_known_to_the_product_hold_for_an_older_source(tmp_path: Path) -> None:
    """The file of an old ATT&CK cannot tell what was revoked after it."""
    folder = write_attack(tmp_path)
    rows = [{"id": name, "name": name, "description": "Old"} for name in ("T1060", "T1547.001")]
    write_lines(folder / "techniques.jsonl.gz", rows)
    write_lines(
        folder / "procedure_examples.jsonl.gz", [{"entity": "S1", "technique": "T1060", "text": "Runs at logon"}]
    )
    (folder / "revoked_by.json").unlink()

    texts = read_attack_texts(folder)

    assert [technique.id for technique in texts.techniques] == ["T1547.001"]
    assert [example.technique for example in texts.examples] == ["T1547.001"]


def test_revocations_in_a_circle_end(tmp_path: Path) -> None:
    """A broken file must not hang an import."""
    folder = write_attack(tmp_path)
    (folder / "revoked_by.json").write_text('{"T1": "T2", "T2": "T1", "T3": "T1"}', "utf-8")

    assert read_attack_texts(folder).current("T3") in {"T1", "T2"}


def test_a_broken_line_is_refused_with_its_file_and_number(tmp_path: Path) -> None:
    """A source cut short must not pass for a smaller one."""
    folder = write_attack(tmp_path)
    write_lines(folder / "procedure_examples.jsonl.gz", [{"entity": "S1", "technique": "T1105"}])
    with pytest.raises(DocumentError, match=r"procedure_examples\.jsonl\.gz:1: Field required"):
        read_attack_texts(folder)

    (folder / "procedure_examples.jsonl.gz").write_bytes(b"no archive")
    with pytest.raises(DocumentError, match=r"procedure_examples\.jsonl\.gz cannot be read"):
        read_attack_texts(folder)

    (folder / "procedure_examples.jsonl.gz").unlink()
    with pytest.raises(DocumentError, match=r"no procedure_examples\.jsonl"):
        read_attack_texts(folder)


def test_stix_bundle_reads_like_the_folder(tmp_path: Path) -> None:
    """It is the form in which ATT&CK itself is published; what is deprecated in it is no technique any more."""
    bundle = tmp_path / "enterprise-attack.json"
    bundle.write_text(json.dumps({"type": "bundle", "objects": stix_objects()}), "utf-8")

    texts = read_attack_texts(bundle)

    assert [(one.id, one.name) for one in texts.techniques] == [("T1105", "Ingress Tool Transfer")]
    assert [(one.text, one.technique, one.entity) for one in texts.examples] == [
        ("downloads tools.", "T1105", "S0007"),
        ("copied files.", "T1105", "S0007"),
    ]
    assert texts.current("T9001") == "T1105"

    bundle.write_text("{}", "utf-8")
    with pytest.raises(DocumentError, match="is no STIX bundle of ATT&CK: Field required"):
        read_attack_texts(bundle)


def stix_objects() -> list[dict[str, object]]:
    """A technique, the one it replaced, a deprecated one, and a program that uses them."""
    numbered = [
        ("attack-pattern--1", "attack-pattern", "T1105", "Ingress Tool Transfer", {}),
        ("attack-pattern--2", "attack-pattern", "T9001", "Remote Copy", {"revoked": True}),
        ("attack-pattern--3", "attack-pattern", "T9002", "Gone", {"x_mitre_deprecated": True}),
        ("malware--1", "malware", "S0007", "Kwampirs", {}),
    ]
    objects: list[dict[str, object]] = [
        {"id": key, "type": kind, "name": name, "description": "It is.", **more}
        | {"external_references": [{"source_name": "mitre-attack", "external_id": number}]}
        for key, kind, number, name, more in numbered
    ]
    told = "[Kwampirs](https://attack.mitre.org/software/S0007) "
    for target, text in (("1", "downloads tools."), ("2", "copied files."), ("3", "did what is no more.")):
        ends = {"source_ref": "malware--1", "target_ref": f"attack-pattern--{target}"}
        used = {"id": f"relationship--{target}", "type": "relationship", "relationship_type": "uses"}
        objects.append({**used, "description": told + text, **ends})
    ends = {"source_ref": "attack-pattern--2", "target_ref": "attack-pattern--1"}
    return [
        *objects,
        {"id": "relationship--9", "type": "relationship", "relationship_type": "revoked-by", **ends},
    ]
