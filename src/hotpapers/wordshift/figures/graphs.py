"""Word shift graphs as figures: one, several on one canvas, or straight into files.

Nothing global is touched: figures are made without pyplot (but for `show_plot`), the user's matplotlib
settings neither change nor change the graph, and no figure is left open.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hotpapers.wordshift.figures.canvases import (
    Room,
    default_height,
    figure_of,
    fit_axes,
    letter_sizes,
    new_figure,
    settings,
    title_of,
    write_title,
)
from hotpapers.wordshift.figures.drawing import Graph
from hotpapers.wordshift.figures.geometry import Geometry, geometry
from hotpapers.wordshift.figures.insets import draw_insets
from hotpapers.wordshift.figures.labels import short_label
from hotpapers.wordshift.figures.rendering import option_record, write_figure
from hotpapers.wordshift.figures.scales import draw_axes
from hotpapers.wordshift.figures.styles import GraphOptions, graph_options
from hotpapers.wordshift.shifts import Shift, WordShiftError

__all__ = ["save", "save_graphs", "shift_graph", "shift_graphs"]


def shift_graph(
    shift: Shift,
    *,
    ax: Axes | None = None,
    filename: str | Path | None = None,
    show_plot: bool = False,
    **options: Any,
) -> Axes:
    """Draw `shift` as a word shift graph.

    Parameters
    ----------
    ax
        Draw here, with letters that fit; None: on a new figure of its own size.
    filename
        Write the axes' figure there (PNG, SVG or PDF by its suffix).
    show_plot
        Show it in pyplot's window and close it afterwards.
    options
        Any of `GraphOptions`.

    Returns
    -------
    The axes; ``.figure`` has the figure.

    Raises
    ------
    TypeError
        For an unknown option; the message has the nearest name.
    WordShiftError
        For an option's impossible value.
    """
    chosen = graph_options(options)
    shift = _named(shift, chosen)
    laid = _geometry(shift, chosen)
    with settings(own=ax is None):
        own = ax is None
        if ax is None:
            height = chosen.height if chosen.height is not None else default_height(laid)
            figure = new_figure(chosen.width, height, chosen.dpi, shown=show_plot)
            ax = figure.add_axes((0.125, 0.11, 0.775, 0.77))
        _draw(ax, shift, laid, chosen, own=own)
    if filename is not None:
        write_figure(
            figure_of(ax), [Path(filename)], dpi=chosen.dpi, metadata=_record([shift], options, None)
        )
    if show_plot:
        _show(figure_of(ax))
    return ax


def shift_graphs(
    shifts: Sequence[Shift],
    *,
    titles: Sequence[str] | None = None,
    order: Literal["own", "first", "shared"] = "own",
    columns: int | None = None,
    filename: str | Path | None = None,
    **options: Any,
) -> list[Axes]:
    """Draw several shifts side by side on one canvas, each `width` by `height` inches.

    Parameters
    ----------
    titles
        One a shift; None: the default ones.
    order
        ``"own"``: each ranks its own words; ``"first"``: all keep the first one's rows; ``"shared"``: all
        show the words that contribute most over all of them, in that order.
    columns
        Graphs a row; None: at most four.
    options
        Any of `GraphOptions`, the same for all.

    Returns
    -------
    Axes of the graphs, in order, without their insets.
    """
    if not shifts:
        raise WordShiftError("shift_graphs needs at least one shift")
    if titles is not None and len(titles) != len(shifts):
        raise WordShiftError(f"{len(titles)} titles for {len(shifts)} shifts: give one each")
    chosen = graph_options(options)
    rows_kept = _shared_rows(shifts, order, chosen.top_n)
    columns = min(columns or 4, len(shifts))
    lines = -(-len(shifts) // columns)
    graphs = []
    for index, shift in enumerate(shifts):
        each = chosen if rows_kept is None else dataclasses.replace(chosen, preserve_order=rows_kept)
        if titles is not None:
            each = dataclasses.replace(each, title=titles[index])
        graphs.append((_named(shift, each), _geometry(_named(shift, each), each), each))
    height = (
        chosen.height if chosen.height is not None else max(default_height(laid) for _, laid, _ in graphs)
    )
    room = Room.of(graphs)
    with settings(own=True):
        figure = new_figure(chosen.width * columns, height * lines, chosen.dpi)
        made = []
        for index, (shift, laid, each) in enumerate(graphs):
            line, column = divmod(index, columns)
            cell = (column / columns, 1 - (line + 1) / lines, 1 / columns, 1 / lines)
            ax = figure.add_axes(cell)
            _draw(ax, shift, laid, each, own=True, cell=cell, room=room)
            made.append(ax)
    if filename is not None:
        write_figure(
            figure,
            [Path(filename)],
            dpi=chosen.dpi,
            metadata=_record(shifts, options | {"order": order}, None),
        )
    return made


def save(
    shift: Shift,
    path: str | Path | Sequence[str | Path],
    *,
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[Path]:
    """Draw `shift` once and write it to one file or several (PNG, SVG, PDF by suffix), whole or not at all.

    Parameters
    ----------
    metadata
        Kept in every file beside the options, for making the figure again (`read_metadata`): such as the
        hashes of the inputs and the command. Must be JSON.
    options
        Any of `GraphOptions`.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    ax = shift_graph(shift, **options)
    chosen = graph_options(options)
    write_figure(figure_of(ax), paths, dpi=chosen.dpi, metadata=_record([shift], options, metadata))
    return paths


def save_graphs(
    shifts: Sequence[Shift],
    path: str | Path | Sequence[str | Path],
    *,
    titles: Sequence[str] | None = None,
    order: Literal["own", "first", "shared"] = "own",
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[Path]:
    """Draw several shifts once, as `shift_graphs`, and write them to one file or several, as `save`."""
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    made = shift_graphs(shifts, titles=titles, order=order, **options)
    record = _record(shifts, options | {"order": order}, metadata)
    write_figure(figure_of(made[0]), paths, dpi=graph_options(options).dpi, metadata=record)
    return paths


# --- pieces ----------------------------------------------------------------------------------------


def _named(shift: Shift, options: GraphOptions) -> Shift:
    if options.system_names is None:
        return shift
    first, second = options.system_names
    return dataclasses.replace(shift, names=(str(first), str(second)))


def _geometry(shift: Shift, options: GraphOptions) -> Geometry:
    return geometry(
        shift,
        top_n=options.top_n,
        detailed=options.detailed,
        all_positive=options.all_pos_contributions,
        kinds=options.kinds,
        preserve_order=options.preserve_order,
        intervals=options.intervals,
        unclear=options.unclear,
        missing_symbol=options.missing_symbol,
        show_total=options.show_total,
        show_score_diffs=options.show_score_diffs,
    )


def _shared_rows(shifts: Sequence[Shift], order: str, top_n: int) -> list[Any] | None:
    if order == "own":
        return None
    if order not in {"first", "shared"}:
        raise WordShiftError(f"order {order!r}: accepted are own, first, shared")
    tops = [[shift.types[i] for i in shift.order[:top_n].tolist()] for shift in shifts]
    if order == "first":
        return tops[0]
    wanted = {word for top in tops for word in top}
    sums: dict[Any, float] = dict.fromkeys(wanted, 0.0)
    for shift in shifts:
        size = abs(shift.score)
        for index, word in enumerate(shift.types):
            if word in wanted:
                sums[word] += float(size[index])
    return sorted(sums, key=lambda word: (-sums[word], str(word)))[:top_n]


def _draw(
    ax: Axes,
    shift: Shift,
    laid: Geometry,
    options: GraphOptions,
    *,
    own: bool,
    cell: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
    room: Room | None = None,
) -> None:
    title = title_of(shift, options)
    sizes = letter_sizes(ax, laid, options, own=own)
    if own and options.tight:
        fit_axes(ax, laid, options, sizes, room.title_lines if room else len(title.splitlines()), cell)
    number = sum(
        1 for other in figure_of(ax).axes if other is not ax and (other.get_gid() or "").endswith("graph")
    )
    prefix = f"g{number + 1}-" if number else ""
    ax.set_gid(f"{prefix}graph")
    ax.set_facecolor("white")
    graph = Graph(
        ax=ax, shift=shift, geometry=laid, options=options, sizes=sizes, prefix=prefix,
        rows=room.rows if room else 0, sum_rows=room.sum_rows if room else 0,
    )  # fmt: skip
    graph.measure()
    draw_axes(graph)
    graph.draw()
    draw_insets(graph)
    if title:
        write_title(ax, title, sizes.title, options)


def _show(figure: Figure) -> None:
    from matplotlib import pyplot as plt

    if plt.get_backend().lower() in {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}:
        plt.close(figure)
        return
    plt.show()
    plt.close(figure)


def _record(
    shifts: Sequence[Shift], options: Mapping[str, Any], metadata: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What every file says about itself: the options that were given, the shifts, and the caller's."""
    return {
        "title": "; ".join(
            f"{short_label(s.names[0])} and {short_label(s.names[1])}: {s.measure}" for s in shifts
        ),
        "options": option_record(options),
        "shifts": [
            {
                "measure": shift.measure,
                "parameters": option_record(shift.parameters),
                "names": list(shift.names),
                "reference": shift.reference,
                "normalization": shift.normalization,
                "difference": shift.difference,
                "types": len(shift.types),
            }
            for shift in shifts
        ],
    } | dict(metadata or {})
