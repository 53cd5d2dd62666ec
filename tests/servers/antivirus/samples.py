"""Content for scanners, made here: the test file in several wrappings. No scanner finds anything in this source."""

import io
import zipfile
from email.message import EmailMessage

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


def zipped(name: str, content: bytes, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def mailed(name: str, content: bytes) -> bytes:
    """A message with one attachment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Report"
    message.set_content("see attached")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
