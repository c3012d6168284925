"""`hotpapers wordshift graph`: two texts in, bars, figures, a page and tables out; and the same again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hotpapers
from hotpapers.wordshift.commands.measuring import null_test_of, shift_options, uncertainty_of
from hotpapers.wordshift.commands.options import (
    EngineOptions,
    GraphOptions,
    MeasureOptions,
    OutputOptions,
    TextOptions,
    TokenOptions,
    UncertaintyOptions,
    given,
)
from hotpapers.wordshift.commands.outputs import Target, targets
from hotpapers.wordshift.commands.texts import Counting
from hotpapers.wordshift.counts import Counts
from hotpapers.wordshift.measures import shift
from hotpapers.wordshift.shifts import Shift, WordShiftError
from hotpapers.wordshift.summaries import summary

__all__ = ["GraphJob", "rerun"]

_KINDS = ("txt", "html", "svg", "png", "pdf", "csv", "tsv", "json", "parquet")
_DRAWN = ("svg", "png", "pdf")
_IN_TERMINAL = 20


@dataclass(frozen=True, kw_only=True)
class GraphJob:
    """What `hotpapers wordshift graph` was asked for.

    Parameters
    ----------
    a, b
        Text 1 and text 2: files, folders, patterns, ``-``; `b` None: two groups of `a`.
    groups, names
        Which groups; what the texts are called.
    context
        Contexts of each word and text in the page.
    expected
        SHA-256 that the inputs must have, by name; {}: any.
    """

    a: str
    b: str | None = None
    groups: tuple[str, str] | None = None
    names: tuple[str, str] | None = None
    context: int = 20
    texts: TextOptions = field(default_factory=TextOptions)
    tokens: TokenOptions = field(default_factory=TokenOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    measure: MeasureOptions = field(default_factory=MeasureOptions)
    uncertainty: UncertaintyOptions = field(default_factory=UncertaintyOptions)
    look: GraphOptions = field(default_factory=GraphOptions)
    expected: Mapping[str, str] = field(default_factory=dict)

    def run(self, outputs: OutputOptions) -> tuple[str, list[Path]]:
        """Compare, write the files, and give the text for the terminal and the files' paths.

        Raises
        ------
        WordShiftError
            If an input or an option can't be used; nothing is written then.
        """
        files = targets(outputs, _KINDS, stem="shift")
        if self.look.top < 1:
            raise WordShiftError(f"--top {self.look.top}: a number of words >= 1")
        if self.context < 0:
            raise WordShiftError(f"--context {self.context}: a number of contexts >= 0")
        if any(kind in _DRAWN for kind, _ in files):
            from hotpapers.wordshift.figures.styles import graph_options

            graph_options(self._figure())
        counting = Counting(self.texts, self.tokens, self.engine)
        options = shift_options(self.measure, counting.tokenizer)
        documents = "document" in {self.uncertainty.ci, self.uncertainty.null}
        first, second = counting.pair(self.a, self.b, self.groups, documents=documents)
        record = self._record(first, second)
        self._check_inputs(record["inputs"])
        found = shift(first, second, names=self.names, **options)
        spread = uncertainty_of(found, self.uncertainty, top=self.look.top, lexicon=options.get("lexicon"))
        null = null_test_of(found, self.uncertainty)
        if spread is not None:
            record["total"] = dataclasses.asdict(spread.total)
        if null is not None:
            record["null"] = {"unit": null.unit, "mean": null.mean, "sd": null.sd, "p": null.p_value}
        self._write(files, found, spread, record)
        shown = found.to_text(
            top=min(self.look.top, _IN_TERMINAL),
            width=self.look.width,
            detailed=self.look.detailed,
            intervals=spread,
        )
        return f"{shown}\n{summary(found, spread, null)}", [path for _, path in files]

    def _figure(self) -> dict[str, Any]:
        """Options of the figures; a style's own number of words stays where none was asked for."""
        look = self.look
        chosen: dict[str, Any] = {"style": look.style, "palette": look.palette, "title": look.title}
        if look.detailed is not None:
            chosen["detailed"] = look.detailed
        if look.top != GraphOptions().top:
            chosen["top_n"] = look.top
        return chosen

    def _record(self, first: Counts, second: Counts) -> dict[str, Any]:
        """What is kept in every file: enough to make it again. Engines are not told: they change nothing."""
        command: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name in ("a", "b", "groups", "names")
            if (value := getattr(self, name)) is not None
        }
        if self.context != 20:
            command["context"] = self.context
        for name in ("texts", "tokens", "measure", "uncertainty", "look"):
            if chosen := given(getattr(self, name)):
                command[name] = chosen
        inputs = [one for counts in (first, second) for one in (counts.meta or {}).get("inputs", [])]
        return {"version": hotpapers.__version__, "command": command, "inputs": inputs}

    def _check_inputs(self, inputs: list[dict[str, Any]]) -> None:
        for one in inputs if self.expected else ():
            if self.expected.get(one["name"]) != one["sha256"]:
                raise WordShiftError(
                    f"{one['name']} is not what it was when the graph was made: compare anew with graph"
                )

    def _write(self, files: list[Target], found: Shift, spread: Any, record: dict[str, Any]) -> None:
        if drawn := [path for kind, path in files if kind in _DRAWN]:
            figure = self._figure() | ({"intervals": spread} if spread is not None else {})
            found.plot(drawn, metadata=record, **figure)
        for kind, path in files:
            if kind == "html":
                found.to_html(
                    path,
                    k=self.context,
                    seed=self.uncertainty.seed,
                    top=self.look.top,
                    title=self.look.title,
                    intervals=spread,
                    meta=record,
                )
            elif kind not in _DRAWN:
                from hotpapers.wordshift.tables import write_table

                top = self.look.top if kind == "txt" else None
                write_table(found, path, top=top, intervals=spread, meta=record)


_GROUPS: dict[str, Any] = {
    "texts": TextOptions,
    "tokens": TokenOptions,
    "measure": MeasureOptions,
    "uncertainty": UncertaintyOptions,
    "look": GraphOptions,
}


def rerun(path: Path, outputs: OutputOptions) -> tuple[str, list[Path]]:
    """Make a figure, page or table again from what it says about itself.

    Parameters
    ----------
    path
        A .svg, .png, .html or .json that `graph` wrote.
    outputs
        Where the new files go; `path` itself is not touched where none are named.

    Raises
    ------
    WordShiftError
        If the file has no such record, or an input is no longer the file that it was.
    """
    from hotpapers.wordshift.figures.rendering import read_metadata

    record = read_metadata(path)
    command, inputs = record.get("command"), record.get("inputs")
    if not isinstance(command, dict) or not isinstance(inputs, list):
        raise WordShiftError(f"{path} was not made by `hotpapers wordshift graph`: it can't be made again")
    try:
        words = {name: value for name, value in command.items() if name not in _GROUPS}
        words |= {name: tuple(words[name]) for name in ("groups", "names") if name in words}
        filled = {name: group(**_typed(command.get(name, {}))) for name, group in _GROUPS.items()}
        expected = {one["name"]: one["sha256"] for one in inputs}
        job = GraphJob(**words, **filled, expected=expected)
    except (TypeError, KeyError) as error:
        raise WordShiftError(f"{path}: its record is of another version ({error})") from error
    return job.run(outputs)


def _typed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options from JSON as the command line gives them: paths, and pairs of numbers."""
    made = dict(options)
    if "stop_words" in made:
        made["stop_words"] = [Path(one) for one in made["stop_words"]]
    if "stop_lens" in made:
        made["stop_lens"] = tuple(made["stop_lens"])
    return made
