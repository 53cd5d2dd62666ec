"""A picture of the report as an image file of its own: its colours inside, nothing fetched from anywhere."""

from functools import cache
from pathlib import Path
from typing import Final, Literal

from markupsafe import Markup

Theme = Literal["light", "dark"]

_FOLDER: Final = Path(__file__).parent / "templates"
_SPACE: Final = 'xmlns="http://www.w3.org/2000/svg"'
_FONT: Final = 'svg { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }'


def standalone(drawn: Markup, theme: Theme) -> str:
    """The picture as a whole SVG document; empty when nothing was drawn."""
    if not drawn:
        return ""
    head, _, rest = str(drawn).partition(">")
    return f"{head.replace('<svg', f'<svg {_SPACE}', 1)}><style>{_style(theme)}</style>{rest}"


@cache
def _style(theme: Theme) -> str:
    colours, rules = ((_FOLDER / name).read_text("utf-8") for name in (f"{theme}.css", "picture.css"))
    return f":root {{ {colours} }} {_FONT} {rules}"
