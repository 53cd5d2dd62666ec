"""`mcpsoc users`: who else may use the API, and as what."""

from typing import Annotated

import typer

from ui.cli.catalogue import Catalogue


def add(app: typer.Typer, t: Catalogue) -> None:
    """Add the group `users`."""
    group = typer.Typer(
        help=t("People and services that may use the API with a token of their own."), no_args_is_help=True
    )
    app.add_typer(group, name="users")
    _add_add(group, t)
    _add_ls(group, t)
    _add_revoke(group, t)


def _add_add(group: typer.Typer, t: Catalogue) -> None:
    @group.command("add", help=t("Enter a user and print the token, once: only its hash is kept."))
    def add_user(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("What notes and closings are signed with."))],
        role: Annotated[
            list[str], typer.Option("--role", help=t("viewer, analyst, responder, admin or service; may be repeated."))
        ],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.access import add_user
        from ui.cli.output import say, write_json, write_line
        from ui.cli.places import operator, own_home

        token = add_user(own_home(), local_user(operator()), name, tuple(role))
        if as_json:
            write_json({"name": name, "roles": list(role), "token": token})
            return
        say(t("{name} is entered; this token is shown once and kept nowhere:", name=name))
        write_line(token)


def _add_ls(group: typer.Typer, t: Catalogue) -> None:
    @group.command("ls", help=t("List the users and their roles."))
    def ls(as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False) -> None:
        from agent.response.identity import local_user
        from ui.access import list_users
        from ui.cli.output import write_json, write_table
        from ui.cli.places import operator, own_home

        users = list_users(own_home(), local_user(operator()))
        if as_json:
            write_json([{"name": user.name, "roles": list(user.roles)} for user in users])
        else:
            write_table((t("name"), t("roles")), [(user.name, ", ".join(user.roles)) for user in users])


def _add_revoke(group: typer.Typer, t: Catalogue) -> None:
    @group.command("revoke", help=t("Take a user out: the token and every session of it end at once."))
    def revoke(
        name: Annotated[str, typer.Argument(metavar="NAME", help=t("Which user."))],
        as_json: Annotated[bool, typer.Option("--json", help=t("One JSON document."))] = False,
    ) -> None:
        from agent.response.identity import local_user
        from ui.access import revoke_user
        from ui.cli.output import write_json, write_line
        from ui.cli.places import operator, own_home

        revoke_user(own_home(), local_user(operator()), name)
        if as_json:
            write_json({"name": name, "revoked": True})
        else:
            write_line(t("revoked {id}", id=name))
