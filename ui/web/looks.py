"""How the page looks: Streamlit's own theme, light and dark, and the style sheets on top of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

STYLES: Final = tuple(Path(__file__).with_name(name) for name in ("style.css", "case.css", "talk.css", "knowledge.css"))
ICON: Final = Path(__file__).with_name("shield.svg")
"""What the browser shows on a tab."""
SANS: Final = '"Source Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif'
MONO: Final = '"Source Code Pro", ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace'

Options = Mapping[str, str | int | bool | list[str]]

SHAPE: Final[Options] = {
    "theme.font": SANS,
    "theme.codeFont": MONO,
    "theme.baseFontSize": 15,
    "theme.baseRadius": "6px",
    "theme.buttonRadius": "6px",
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
}
LIGHT: Final[Options] = {
    "theme.light.primaryColor": "#1f4fa8",
    "theme.light.backgroundColor": "#f5f6f8",
    "theme.light.secondaryBackgroundColor": "#ffffff",
    "theme.light.textColor": "#1a2230",
    "theme.light.borderColor": "#dce1e8",
    "theme.light.linkColor": "#1f4fa8",
    "theme.light.codeBackgroundColor": "#eef1f5",
    "theme.light.sidebar.backgroundColor": "#eceff3",
    "theme.light.sidebar.secondaryBackgroundColor": "#ffffff",
}
DARK: Final[Options] = {
    "theme.dark.primaryColor": "#8fb4ff",
    "theme.dark.backgroundColor": "#0f1319",
    "theme.dark.secondaryBackgroundColor": "#171d26",
    "theme.dark.textColor": "#e2e7ef",
    "theme.dark.borderColor": "#2a323e",
    "theme.dark.linkColor": "#9dbdff",
    "theme.dark.codeBackgroundColor": "#1d2530",
    "theme.dark.sidebar.backgroundColor": "#0b0e13",
    "theme.dark.sidebar.secondaryBackgroundColor": "#171d26",
}
SERVING: Final[Options] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.showSidebarNavigation": False,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "runner.magicEnabled": False,
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["127.0.0.1", "localhost", "[::1]"],
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
}
"""No usage statistics, no developer's menu, no listener but loopback."""


def options(port: int) -> Options:
    """Everything Streamlit is told, by its own names."""
    return {**SERVING, **SHAPE, **LIGHT, **DARK, "server.port": port}
