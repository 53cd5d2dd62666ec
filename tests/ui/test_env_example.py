"""`.env.example` is the list of settings: nothing missing, nothing invented, every default true."""

import json
import re
from pathlib import Path

from dotenv import dotenv_values

from servers.kit.settings import name_of
from ui.doctor.settings import CLASSES, every_class

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "knowledge", "servers", "ui", "evals")


SETTINGS = re.compile(r"^class \w*Settings\(", re.MULTILINE)


def defaults() -> dict[str, str]:
    """Every setting of every package as the environment would say its default."""
    return {
        name_of(settings, name): shown(field.get_default(call_default_factory=True, validated_data={}))
        for settings in every_class()
        for name, field in settings.model_fields.items()
    }


def shown(default: object) -> str:
    """A default as the environment would say it."""
    if isinstance(default, bool | dict):
        return json.dumps(default)
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None else str(default)


def test_example_names_every_setting_with_its_default() -> None:
    """A person looks here before anywhere else."""
    assert dotenv_values(ROOT / ".env.example") == defaults()


def test_every_settings_class_is_known() -> None:
    """A package that gets settings of its own must be in the table, or the doctor calls them misspelt."""
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("settings.py")]
    packages = {
        path.parent.relative_to(ROOT).as_posix() for path in files if SETTINGS.search(path.read_text(encoding="utf-8"))
    }

    assert packages == set(CLASSES)


def test_packages_that_share_a_setting_agree_about_its_default() -> None:
    """One name, one meaning."""
    seen: dict[str, object] = {}
    for settings in every_class():
        for name, field in settings.model_fields.items():
            assert seen.setdefault(name_of(settings, name), field.default) == field.default, name
