"""Files of the forms that are read, made here: what a test reads it has written itself."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path


def pdf(pages: Sequence[str], *, bookmarks: Sequence[tuple[str, int]] = (), password: str | None = None) -> bytes:
    """A PDF with a page for each text; bookmarks as title and page, counted from 0."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(_plain_pdf(pages))))
    for title, page in bookmarks:
        writer.add_outline_item(title, page)
    if password is not None:
        writer.encrypt(password, "owner", algorithm="AES-256")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _plain_pdf(pages: Sequence[str]) -> bytes:
    """By hand: catalogue, pages, font, and per page its object and the text it draws."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        lines = "".join(f"({line}) Tj 0 -14 Td\n" for line in text.split("\n") if line)
        drawn = f"BT /F1 12 Tf 72 720 Td\n{lines}ET".encode() if text else b""
        about = f"/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {about} >>".encode())
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n".encode() + drawn + b"\nendstream")
    made, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return made + f"{head}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF".encode()


def docx() -> bytes:
    """A Word document with title, headings, lists, a table with a wide cell, and text that Word does not show."""
    from docx import Document
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = Document()
    document.add_paragraph("Phishing runbook", style="Title")
    document.add_paragraph("Read this first.")
    document.add_heading("Contain", 1)
    document.add_paragraph("Block the sender", style="List Number")
    document.add_paragraph("Purge the mail", style="List Bullet")
    shown = document.add_paragraph("Seen")
    shown.add_run(" HIDDEN").font.hidden = True
    names = nsdecls("w")
    shown._p.append(parse_xml(f"<w:del {names}><w:r><w:delText>DELETED</w:delText></w:r></w:del>"))
    shown._p.append(parse_xml(f"<w:ins {names}><w:r><w:t> inserted</w:t></w:r></w:ins>"))
    document.add_heading("Who to call", 2)
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ["Role", "Name", "Phone", "Lead", "", ""], strict=True
    ):
        cell.text = text
    table.rows[1].cells[1].merge(table.rows[1].cells[2]).text = "a | b"
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def bomb(plain: bytes, unpacked: int) -> bytes:
    """The DOCX with its text replaced by one that unpacks to so many bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            with new.open(part.filename, "w") as file:
                if part.filename == "word/document.xml":
                    for _ in range(unpacked // 1_000_000):
                        file.write(b" " * 1_000_000)
                else:
                    file.write(old.read(part))
    return made.getvalue()


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return folder
