"""The forms a document comes in, and each of them as Markdown."""

import sys
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.conversion.writing import Converted, literal
from knowledge.errors import DocumentError
from knowledge.importers.decoding import decoded
from knowledge.importers.programs import run

MOST_BYTES: Final = 20_000_000
"""Of one file."""
_FORMS: Final = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "text",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx",
}  # fmt: skip
_ROOT: Final = Path(__file__).parents[2]
_PATIENCE_S: Final = 90.0


class _Answer(BaseModel):
    """What the process of a conversion says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    markdown: str = ""
    refused: str = ""


def form_of(path: str) -> str:
    """`markdown`, `text`, `html`, `pdf`, `docx`, or nothing for a file of another kind."""
    return _FORMS.get(Path(path).suffix.lower(), "")


def as_markdown(form: str, data: bytes) -> Converted:
    """Raises: DocumentError saying why a file of this form cannot be read."""
    if len(data) > MOST_BYTES:
        raise DocumentError(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    if not data:
        raise DocumentError("it is empty")
    if form == "markdown":
        return Converted("", decoded(data))
    if form == "text":
        return Converted("", literal(decoded(data)))
    return _apart(form, decoded(data, page=True).encode("utf-8", "replace") if form == "html" else data)


def _apart(form: str, data: bytes) -> Converted:
    """Convert in a process that a hostile file may take down with it; it is given nothing of our environment."""
    arguments = [sys.executable, "-m", "knowledge.conversion.process", form]
    environment = {"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = run(arguments, timeout_s=_PATIENCE_S, environment=environment, given=data, folder=_ROOT)
        answer = _Answer.model_validate_json(ended.out) if ended.code == 0 else None
    except TimeoutError as error:
        raise DocumentError(f"it takes longer than {_PATIENCE_S:.0f} s to be read") from error
    except ValidationError as error:
        raise DocumentError("it is damaged: what was read of it is no text") from error
    if answer is None:
        raise DocumentError(_why(ended.code, ended.told))
    if answer.refused:
        raise DocumentError(answer.refused)
    return Converted(answer.title, answer.markdown)


def _why(code: int, told: str) -> str:
    if code < 0:
        return "it takes too much time or memory to be read"
    last = next((line for line in reversed(told.splitlines()) if line.strip()), "")
    return f"it is damaged: {last[:200]}"
