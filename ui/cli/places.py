"""Which home a command works on."""

from ui.cli.catalogue import Catalogue
from ui.cli.output import say
from ui.home import Home


def open_home(t: Catalogue, *, demo: bool = False) -> Home:
    """The home of the settings; the demo's when it is asked for, or when only the demo has been run so far."""
    from ui.store import has_cases

    home = own_home()
    if demo:
        return home.demo
    if not has_cases(home) and has_cases(home.demo):
        say(t("no case of your own yet: these are the demo's"))
        return home.demo
    return home


def home_of(*, demo: bool) -> Home:
    """The home of the settings, or the demo's: never one in the place of the other."""
    return own_home().demo if demo else own_home()


def own_home() -> Home:
    """The home of the settings."""
    from ui.settings import Settings

    return Home(Settings().home.expanduser())


def operator() -> str:
    """Who notes and closings are signed by."""
    import getpass

    from ui.settings import Settings

    return Settings().operator or getpass.getuser()
