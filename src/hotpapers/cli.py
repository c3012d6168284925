"""The front door: one lazily loaded sub-command per room, and the few commands about the house."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from hotpapers.common.console import printable
from hotpapers.common.errors import HotPapersError
from hotpapers.common.papers import find_paper, installed_papers, load, require_extra

__all__ = ["app", "main"]


class _EndedEarlyError(Exception):
    """Carries what typer would end the program for without a word past it, to `main`."""


class FrontDoor(TyperGroup):
    """Lists every installed paper by its declaration; imports a room only when it is entered."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The house's own commands, then the rooms."""
        return [*super().list_commands(ctx), *(paper.slug for paper in installed_papers())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or for a room a label that carries its one-line purpose."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for paper in installed_papers():
            if paper.slug == cmd_name:
                return TyperGroup(name=paper.slug, help=paper.purpose)
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Two lists with their whole texts: the house's commands, and the papers."""
        with formatter.section("Commands"):
            own = [(name, (command.help or "").partition("\n")[0]) for name, command in self.commands.items()]
            formatter.write_dl(own)
        with formatter.section("Papers"):
            formatter.write_dl([(paper.slug, paper.purpose) for paper in installed_papers()])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C and a reader that has gone (``| head``) are `main`'s to answer."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as error:
            raise _EndedEarlyError(error) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Enter the room that the arguments name: check its extra, import its app."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and type(command) is TyperGroup and command.name not in self.commands:
            paper = find_paper(str(command.name))
            if not {"--help", "-h"} & set(rest):
                require_extra(paper)
            command = typer.main.get_command(load(paper.cli))
            command.name = paper.slug
        return name, command, rest


app = typer.Typer(
    cls=FrontDoor,
    name="hotpapers",
    help="The daily digest whose papers run.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from hotpapers import __version__

        typer.echo(f"hotpapers {__version__}")
        raise typer.Exit


@app.callback()
def _house(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False,
) -> None:
    """The daily digest whose papers run."""


@app.command()
def papers(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the installed papers: which run here, which need an extra and how to get it."""
    from hotpapers.common.listing import list_papers

    list_papers(as_json=as_json)


@app.command()
def claims(
    paper: Annotated[str | None, typer.Argument(help="A paper's slug; all of them where left out.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Also the checks that need hours, data or a GPU.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of a claim to check, such as H2; may be repeated. The others keep their results."
        ),
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder for PAPER/claims.json.")] = Path("results"),
    strict: Annotated[bool, typer.Option("--strict", help="End with code 1 when a claim fails.")] = False,
) -> None:
    """Check what the papers claim: reported, measured here, verdict; writes RESULTS/PAPER/claims.json."""
    from hotpapers.common.listing import list_claims

    failed = list_claims(paper, full=full, only=only or (), results=results)
    if strict and failed:
        raise typer.Exit(1)


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the page and what the demos make.")
    ] = Path("demo"),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run every demo again, also the unchanged ones.")
    ] = False,
) -> None:
    """Run every installed paper's demo and build the day's page from them."""
    from hotpapers.digest.demo import build_demo

    index = build_demo(out, fresh=fresh)
    typer.echo(index)


@app.command("new-paper")
def new_paper(
    slug: Annotated[str, typer.Argument(help="Lower-case name for command and package, such as word-shift.")],
    arxiv_id: Annotated[str, typer.Argument(help="The paper's arXiv id or link.")],
    title: Annotated[str, typer.Option(help="The paper's title.")] = "",
) -> None:
    """Write a new paper's room, tests, docs and benchmark from the house's template (in a checkout)."""
    from hotpapers.common.new_paper import write_new_paper

    write_new_paper(slug, arxiv_id, title=title)


def _end(message: str, code: int) -> NoReturn:
    line = " ".join(printable(message).split()) or "failed without saying why"
    print(f"hotpapers: {line}", file=sys.stderr)
    raise SystemExit(code)


def _usage(error: Any) -> NoReturn:
    context = getattr(error, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    _end(error.format_message().rstrip(".") + hint, 2)


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Each warning that is meant for users as one line on stderr, once; Python's own stay as they are."""
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, UserWarning):
            plain(message, category, *place, **more)
            return
        line = " ".join(printable(str(message)).split())
        if line not in told:
            told.add(line)
            print(f"hotpapers: note: {line}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        plain, warnings.showwarning = warnings.showwarning, tell
        yield


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; every error ends as one line on stderr, and so does every warning.

    Exit codes: 0 done; 1 the work failed; 2 the input can't be used; 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    before, dashes, after = (given, [], []) if "--" not in given else _split(given)
    debug = "--debug" in before or bool(os.environ.get("HOTPAPERS_DEBUG"))
    given = [word for word in before if word != "--debug"] + dashes + after
    try:
        try:
            with _warnings_as_lines():
                code = app(args=given, prog_name="hotpapers", standalone_mode=False)
        except _EndedEarlyError as ended:
            raise ended.args[0] from None
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is wrong. Keep the interpreter from flushing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except (KeyboardInterrupt, typer.Abort):
        if debug:
            raise
        _end("interrupted: what was finished is kept; the same command goes on from there", 130)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, HotPapersError):
            _end(str(error), error.exit_code)
        if hasattr(error, "format_message"):
            _usage(error)
        if isinstance(error, ModuleNotFoundError):
            _end(f"a Python package is missing: {error.name}; `hotpapers papers` says what to install", 2)
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename else ""
            _end(f"{where}{error.strerror or error}", 1)
        _end(f"unexpected {type(error).__name__}: {error} (a fault of ours: --debug shows where)", 1)
    raise SystemExit(code if isinstance(code, int) else 0)


def _split(given: list[str]) -> tuple[list[str], list[str], list[str]]:
    at = given.index("--")
    return given[:at], ["--"], given[at + 1 :]
