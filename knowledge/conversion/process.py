"""One conversion in a process of its own: `python -m knowledge.conversion.process pdf < file` prints it as JSON.

A file made to take all time or memory, or to crash a library, takes this process and nothing else."""

import json
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Final

from knowledge.conversion.docx_file import converted_docx
from knowledge.conversion.html_page import converted_html
from knowledge.conversion.pdf_file import converted_pdf
from knowledge.conversion.writing import Converted
from knowledge.errors import DocumentError

MOST_SECONDS: Final = 60
_MOST_MEMORY: Final = 2_000_000_000
"""Bytes of addresses."""
_FORMS: Final[Mapping[str, Callable[[bytes], Converted]]] = {
    "html": lambda data: converted_html(data.decode("utf-8")),
    "pdf": converted_pdf,
    "docx": converted_docx,
}


def main(form: str, data: bytes) -> str:
    """`{"title", "markdown"}`, or `{"refused": the reason}`; a fault of a library ends the process."""
    try:
        found = _FORMS[form](data)
    except DocumentError as error:
        return json.dumps({"refused": str(error)})
    except MemoryError:
        return json.dumps({"refused": "it takes too much memory to be read"})
    return json.dumps({"title": found.title, "markdown": found.markdown})


def _bound() -> None:
    """Give this process an end; a system that knows no such limit still has the clock of the one that waits."""
    for kind, most in ((resource.RLIMIT_CPU, MOST_SECONDS), (resource.RLIMIT_AS, _MOST_MEMORY)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError) as error:
            print(f"no limit: {error}", file=sys.stderr)


if __name__ == "__main__":
    _bound()
    sys.stdout.write(main(sys.argv[1], sys.stdin.buffer.read()))
