"""Brings ui/locale up to date with the code: `python .ci/catalogues.py`.

Finds every message of ui/, keeps the translations there are, drops messages nobody asks for any more, and compiles.
English is its own translation; a message without one in another language is printed, and the exit code is 1.
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ui.cli.catalogue import DOMAIN, KEYWORDS, LANGUAGES, LOCALES, PARSER_MESSAGES

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[1]


def messages() -> list[str]:
    """Every message the command line may show, sorted."""
    found = extract_from_dir(str(ROOT / "ui"), keywords=dict.fromkeys(KEYWORDS), strip_comment_tags=False)
    texts = {text for _, _, text, _, _ in found if isinstance(text, str)}
    return sorted(texts | set(PARSER_MESSAGES))


def updated(language: str, wanted: list[str]) -> Catalog:
    """The catalogue of one language with exactly the `wanted` messages."""
    path = LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    old = read_po(BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    new = Catalog(locale=language, domain=DOMAIN, project="MCPSoc", charset="utf-8", fuzzy=False)
    for text in wanted:
        known = old.get(text)
        new.add(text, text if language == "en" else (known.string if known else ""))
    return new


def po_bytes(catalogue: Catalog) -> bytes:
    """Source form."""
    stream = BytesIO()
    write_po(stream, catalogue, width=0, omit_header=True, sort_output=True)
    header = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return header + stream.getvalue().lstrip()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Compiled form, read at run time. Equal catalogues give equal bytes: no date, no tool's name."""
    stream = BytesIO()
    plain = Catalog(charset="utf-8", creation_date=EPOCH, revision_date=EPOCH)
    for message in catalogue:
        if message.id:
            plain.add(message.id, message.string)
    write_mo(stream, plain)
    return stream.getvalue()


def main() -> int:
    wanted = messages()
    missing = []
    for language in LANGUAGES:
        catalogue = updated(language, wanted)
        folder = LOCALES / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{DOMAIN}.po").write_bytes(po_bytes(catalogue))
        (folder / f"{DOMAIN}.mo").write_bytes(mo_bytes(catalogue))
        missing += [f"{language}: {message.id}" for message in catalogue if message.id and not message.string]
    print("\n".join(missing))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
