"""Every command of the front door with its words: for the generated reference and the house's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hotpapers.common.papers import installed_papers, load

__all__ = ["Command", "Parameter", "command_tree"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One argument or option of a command.

    Parameters
    ----------
    names
        All spellings of an option, ``("-o", "--out")``; an argument's one name.
    label
        The left column of the command's help: ``"-o, --out PATH"``.
    text
        The right column, default included.
    help
        What its author wrote about it; "" where that is missing.
    is_option
        False for an argument.
    """

    names: tuple[str, ...]
    label: str
    text: str
    help: str
    is_option: bool


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command or group of commands.

    Parameters
    ----------
    path
        Words that call it, the program's name left out: ``("digest", "rank")``.
    usage
        The usage line: ``"hotpapers digest rank [OPTIONS]"``.
    help
        Its help text; "" where that is missing.
    parameters
        Visible arguments and options, ``--help`` left out.
    is_group
        Whether it only holds other commands.
    """

    path: tuple[str, ...]
    usage: str
    help: str
    parameters: tuple[Parameter, ...]
    is_group: bool

    @property
    def name(self) -> str:
        """The whole call: ``"hotpapers digest rank"``."""
        return " ".join(("hotpapers", *self.path))


def command_tree(app: Any) -> Iterator[Command]:
    """All visible commands below a Typer app, groups before what they hold.

    A command that is called like an installed paper stands for that paper's room, whose own app is
    walked in its place.
    """
    from typer.main import get_command

    rooms = {paper.slug: paper for paper in installed_papers()}

    def walk(command: Any, path: tuple[str, ...], above: Any) -> Iterator[Command]:
        if len(path) == 1 and path[0] in rooms:
            command = get_command(load(rooms[path[0]].cli))
            command.help = command.help or rooms[path[0]].purpose
        context = command.context_class(command, info_name=path[-1] if path else "hotpapers", parent=above)
        is_group = hasattr(command, "list_commands")
        yield Command(
            path=path,
            usage=" ".join(command.get_usage(context).split()).removeprefix("Usage: "),
            help=(command.help or "").strip(),
            parameters=tuple(_parameters(command, context)),
            is_group=is_group,
        )
        for name in command.list_commands(context) if is_group else ():
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from walk(below, (*path, name), context)

    yield from walk(get_command(app), (), None)


def _parameters(command: Any, context: Any) -> Iterator[Parameter]:
    for given in command.params:
        is_option = given.param_type_name == "option"
        names = (*given.opts, *given.secondary_opts) if is_option else (str(given.name),)
        if getattr(given, "hidden", False) or "--help" in names:
            continue
        label, text = given.get_help_record(context) or (", ".join(names), "")
        yield Parameter(
            names=tuple(names), label=label, text=text, help=(given.help or "").strip(), is_option=is_option
        )
