"""A small ATT&CK: five techniques, what was done with them, and one that is revoked."""

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

TECHNIQUES = {
    "T1003": ("OS Credential Dumping", "Adversaries may dump credentials from the operating system."),
    "T1003.001": ("LSASS Memory", "Adversaries may access credential material in the memory of LSASS."),
    "T1490": ("Inhibit System Recovery", "Adversaries may delete shadow copies.(Citation: Someone 2019)"),
    "T1566.001": ("Spearphishing Attachment", "Emails with a malicious attachment. See [Malware](https://x.test/a)."),
    "T1105": ("Ingress Tool Transfer", "Adversaries may transfer tools from an external system."),
}
EXAMPLES = (
    ("S0001", "T1003.001", "[Kessel](https://attack.mitre.org/software/S0001) dumps LSASS memory.(Citation: A)"),
    ("S0002", "T1003.001", "[Attor](https://attack.mitre.org/software/S0002) reads passwords from LSASS."),
    (
        "S0003",
        "T1490",
        "[Ryuk](https://attack.mitre.org/software/S0003) runs <code>vssadmin</code> on shadow copies.",
    ),
    ("S0004", "T1490", "[Conti](https://attack.mitre.org/software/S0004) deletes shadow copies with vssadmin."),
    ("S0005", "T1566.001", "[APT42](https://attack.mitre.org/groups/S0005) sent emails with Word attachments."),
    ("S0006", "T1193", "[APT1](https://attack.mitre.org/groups/S0006) has sent spearphishing emails with attachments."),
    ("S0007", "T1105", "[Kwampirs](https://attack.mitre.org/software/S0007) downloads additional tools."),
    ("S0008", "T1105", "[Kobalos](https://attack.mitre.org/software/S0008) can download files from its server."),
    ("S0009", "T9999", "[Nobody](https://attack.mitre.org/software/S0009) did what no technique is for."),
)


def write_attack(folder: Path) -> Path:
    """The folder, written."""
    rows = [{"id": key, "name": name, "description": text} for key, (name, text) in TECHNIQUES.items()]
    write_lines(folder / "techniques.jsonl.gz", rows)
    deeds = [{"entity": entity, "technique": technique, "text": text} for entity, technique, text in EXAMPLES]
    write_lines(folder / "procedure_examples.jsonl.gz", deeds)
    (folder / "revoked_by.json").write_text(json.dumps({"T1193": "T1566.001"}), "utf-8")
    return folder


def write_lines(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """One JSON object a line, packed."""
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
