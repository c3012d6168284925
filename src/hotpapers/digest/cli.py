"""The digest's commands."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from hotpapers.digest.arguments import (
    HERE,
    By,
    Day,
    Fair,
    Format,
    Lenient,
    Out,
    Results,
    Security,
    Since,
    StorePath,
    Style,
    Top,
    Until,
    Url,
    Weights,
    parse_day,
    parse_moment,
)

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def build(
    day: Day,
    out: Out = Path("site"),
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Take the day from this post, folder, zip or .jsonl, not a store."),
    ] = None,
    store: StorePath = None,
    url: Url = HERE,
    results: Results = Path("results"),
    least: Annotated[
        int, typer.Option(help="Least attention of a listed paper (for days ranked here).")
    ] = 50,
    weight: Weights = None,
    within_category: Fair = False,
    again: Annotated[
        bool, typer.Option("--again", help="Rank the day anew even if its post is in the store.")
    ] = False,
    lenient: Lenient = False,
) -> None:
    """Build one day: its page, its Markdown post, the index and the feeds."""
    from hotpapers.digest.building import build_day, house
    from hotpapers.digest.composing import open_edition
    from hotpapers.digest.ranking import parse_weights
    from hotpapers.digest.store import Store

    weights = parse_weights(weight or [])
    with Store(":memory:" if source and store is None else store) as opened:
        edition = open_edition(
            opened,
            day,
            source=source,
            lenient=lenient,
            again=again,
            least=least,
            weights=weights,
            within_category=within_category,
        )
        page = build_day(opened, edition, out, url=url, rooms=house(results))
    typer.echo(page)


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(help="A post (.md), a folder or .zip of posts, or a .jsonl of mentions.")
    ],
    store: StorePath = None,
    lenient: Lenient = False,
) -> None:
    """Bring an archive into the store; the same again changes nothing."""
    from hotpapers.digest.importing import import_path
    from hotpapers.digest.store import Store

    with Store(store) as opened:
        done = import_path(opened, path, lenient=lenient)
        for problem in done.problems:
            print(f"hotpapers: {problem}", file=sys.stderr)
        typer.echo(f"{done.read} {done.what} read, {done.new} new in {opened.path}")


@app.command()
def fetch(
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DATE", help="The day.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="A source, may be given again; see `sources`.")
    ] = None,
    metadata: Annotated[bool, typer.Option(help="Ask arXiv for titles and abstracts.")] = True,
    config: Annotated[Path | None, typer.Option(help="A TOML file with addresses and credentials.")] = None,
    store: StorePath = None,
) -> None:
    """Fetch a day's attention and arXiv's metadata into the store; interrupted, it goes on where it stopped."""
    from hotpapers.digest.fetching import DEFAULT_SOURCES, fetch_day
    from hotpapers.digest.sources.settings import Settings
    from hotpapers.digest.store import Store

    settings = Settings.load(config)
    with Store(store) as opened:
        done = fetch_day(
            opened,
            day or datetime.now(UTC).date(),
            sources=source or DEFAULT_SOURCES,
            settings=settings,
            metadata=metadata,
            report=lambda line: print(line, file=sys.stderr),
        )
    for trouble in done.troubles:
        print(f"hotpapers: {trouble}", file=sys.stderr)
    found = ", ".join(f"{name} {count}" for name, count in done.mentions.items())
    typer.echo(
        f"mentions: {found or 'none'}; new readings: {done.readings}; papers described: {done.described}"
    )
    if done.troubles:
        raise typer.Exit(1)


@app.command()
def harvest(
    since: Annotated[date, typer.Option(parser=parse_day, metavar="DATE", help="First day.")],
    until: Until = None,
    set_spec: Annotated[str | None, typer.Option("--set", help="Such as cs or physics:hep-th; all.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with addresses.")] = None,
    store: StorePath = None,
) -> None:
    """Bring arXiv's own listing of some days into the store, to search it; interrupted, it goes on."""
    from hotpapers.digest import harvesting
    from hotpapers.digest.sources.settings import Settings
    from hotpapers.digest.store import Store

    settings = Settings.load(config)
    with Store(store) as opened:
        changed = harvesting.harvest(
            opened,
            since=since,
            until=until or datetime.now(UTC).date(),
            settings=settings,
            set_spec=set_spec,
            report=lambda line: print(line, file=sys.stderr),
        )
    typer.echo(f"{changed} papers new or changed")


@app.command()
def sources(
    config: Annotated[Path | None, typer.Option(help="A TOML file with credentials.")] = None,
) -> None:
    """List the installed sources and what each still needs."""
    from hotpapers.digest.listing import print_sources
    from hotpapers.digest.sources.settings import Settings

    print_sources(Settings.load(config))


@app.command()
def rank(
    since: Since = None,
    until: Until = None,
    category: Annotated[
        str | None, typer.Option(help="Such as cs.LG, or a whole archive such as cs.")
    ] = None,
    top: Top = 20,
    as_of: Annotated[
        datetime | None, typer.Option(parser=parse_moment, metavar="TIME", help="As it stood at this time.")
    ] = None,
    by: Annotated[By, typer.Option(help="Latest totals, or what was gained in the window.")] = By.total,
    weight: Weights = None,
    within_category: Fair = False,
    style: Style = Format.table,
    store: StorePath = None,
) -> None:
    """Rank the papers of a window by attention."""
    from hotpapers.digest import ranking
    from hotpapers.digest.listing import print_ranking
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        ranked = ranking.rank(
            opened,
            since=since,
            until=until,
            as_of=as_of,
            category=category,
            by=by.value,
            weights=ranking.parse_weights(weight or []),
            within_category=within_category,
            top=top,
        )
    print_ranking(ranked, style, percentile=within_category)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='Words, "phrases", title:word, author:name, -without, OR.')],
    category: Annotated[str | None, typer.Option(help="Only this category, such as cs.LG.")] = None,
    top: Top = 10,
    style: Style = Format.table,
    store: StorePath = None,
) -> None:
    """Search titles, abstracts and authors."""
    from hotpapers.digest.listing import print_hits
    from hotpapers.digest.search import SearchIndex
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        print_hits(SearchIndex(opened).search(query, top=top, category=category), style)


@app.command()
def related(
    paper: Annotated[str, typer.Argument(help="An arXiv id or link.")],
    top: Top = 10,
    style: Style = Format.table,
    store: StorePath = None,
) -> None:
    """Find the papers nearest to one: an associative memory of what shares its telling words."""
    from hotpapers.common.arxiv_ids import normalise_arxiv_id
    from hotpapers.digest.listing import print_circle
    from hotpapers.digest.remembering import related_papers
    from hotpapers.digest.search import SearchIndex
    from hotpapers.digest.store import Store

    arxiv_id = normalise_arxiv_id(paper)
    with Store(store, read_only=True) as opened:
        print_circle(related_papers(SearchIndex(opened), opened.paper(arxiv_id), top=top), style)


@app.command()
def trends(
    weeks: Annotated[int, typer.Option(help="Length of the window, and of the one before it.")] = 4,
    until: Until = None,
    top: Top = 30,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            "--out",
            help="Write the word shift graph (.svg .png .pdf .html .csv .json .parquet .txt); may be given again.",
        ),
    ] = None,
    style: Style = Format.table,
    store: StorePath = None,
) -> None:
    """Show which words more papers use in the last weeks than in as many weeks before, and which fewer.

    A list of the rising words, and a word shift graph of titles and abstracts where its extra is installed.
    """
    from hotpapers.digest.presenting import report_trends
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        report_trends(opened, weeks=weeks, until=until, top=top, style=style.value, outputs=out or [])


@app.command()
def days(style: Style = Format.table, store: StorePath = None) -> None:
    """List the days that the store has a post of."""
    from hotpapers.digest.listing import print_days
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        print_days(opened.days(), style)


@app.command()
def site(
    out: Out = Path("site"),
    url: Url = HERE,
    results: Results = Path("results"),
    weeks: Annotated[int, typer.Option(help="Length of the trends' window.")] = 4,
    store: StorePath = None,
) -> None:
    """Write the whole site: every day, search, trends, claims, feeds."""
    from hotpapers.digest.building import build_site, house
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        typer.echo(build_site(opened, out, url=url, rooms=house(results), weeks=weeks))


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of a site.")] = Path("site"),
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
) -> None:
    """Show a site at http://127.0.0.1:PORT/ until Ctrl-C; nothing outside this machine can reach it."""
    from hotpapers.digest.site import serve as serve_site

    serve_site(folder, port)


@app.command()
def newsletter(
    day: Day,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write an .eml file.")] = None,
    sender: Annotated[str, typer.Option("--sender", help="Address that it comes from.")] = "digest@localhost",
    to: Annotated[list[str] | None, typer.Option("--to", help="A recipient, may be given again.")] = None,
    smtp: Annotated[str, typer.Option(help="HOST:PORT of a mail server to send it through.")] = "",
    user: Annotated[
        str, typer.Option(help="Name at the server; its password: HOTPAPERS_SMTP_PASSWORD.")
    ] = "",
    security: Annotated[Security, typer.Option(help="How to speak to the server.")] = Security.starttls,
    url: Url = HERE,
    store: StorePath = None,
) -> None:
    """Write a day as an e-mail, and send it if a server is given."""
    from hotpapers.digest.building import house
    from hotpapers.digest.mailing import mail_day
    from hotpapers.digest.store import Store

    with Store(store, read_only=True) as opened:
        edition = opened.edition(day)
    typer.echo(
        mail_day(
            edition,
            rooms=house(Path("results")),
            out=out,
            url=url,
            sender=sender,
            recipients=to or [],
            smtp=smtp,
            user=user,
            security=security.value,
        )
    )


@app.command()
def repair(
    path: Annotated[Path, typer.Argument(help="A text file damaged by the encoding accident.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write the repaired text.")],
) -> None:
    """Undo UTF-8 that was read as Windows-1252 and saved again."""
    from hotpapers.digest.encoding import repair_file

    typer.echo(repair_file(path, out))
