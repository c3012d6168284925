"""Lexicon files: what the published ones look like, told apart by their first lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from hotpapers.common.files import write_text
from hotpapers.wordshift.lexicon.lexicons import CaseRule, Lexicon
from hotpapers.wordshift.shifts import WordShiftError

__all__ = ["read_lexicon", "write_lexicon"]

Row = tuple[Any, float, float | None]

_WORDS = {"word", "words", "type", "token", "term", "terms", "phrase", "english", "english (en)",
          "english word", "english-en", "lemma", "entry"}  # fmt: skip
_SCORES = {"score", "scores", "happiness_average", "happs", "valence", "v.mean.sum", "mean", "sentiment",
           "value", "conc.m", "polarity"}  # fmt: skip
_SPREADS = {"sd", "std", "stdev", "happiness_standard_deviation", "stddev", "v.sd.sum", "conc.sd"}
_NRC_SCALES = {"valence", "arousal", "dominance"}
_NRC_EMOTIONS = {"anger", "anticipation", "disgust", "fear", "joy", "negative", "positive", "sadness",
                 "surprise", "trust"}  # fmt: skip
_NO_SCORE = {"", "na", "nan", "n/a", "null", "none", "--"}


def read_lexicon(
    path: Path,
    *,
    name: str,
    case: CaseRule = "lower",
    column: str | None = None,
    decade: int | None = None,
    centre: float | None = None,
    missing_values: Literal["error", "drop"] = "error",
) -> Lexicon:
    """The lexicon in a file; the options are those of `load_lexicon`.

    Raises
    ------
    WordShiftError
        If the file can't be read, is no table of words and scores, or has several and none is chosen.
    """
    if missing_values not in {"error", "drop"}:
        raise WordShiftError(f"missing_values {missing_values!r}: accepted are error, drop")
    text = _text(path)
    if text.lstrip().startswith("{"):
        rows, found = _json_rows(text, path)
        name, centre = found.get("name", name), found.get("centre") if centre is None else centre
    else:
        rows, own = _table_rows(text, path, column=column, decade=decade)
        centre = own if centre is None else centre
    if missing_values == "drop":
        rows = [row for row in rows if not math.isnan(row[1])]
    if not rows:
        raise WordShiftError(f"{path.name} has no words with scores")
    return Lexicon.from_rows(rows, name=name, centre=centre, case=case)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WordShiftError(f"{path.name} is not UTF-8: byte {error.start} is wrong") from error
    except (OSError, EOFError, zlib.error) as error:
        raise WordShiftError(f"cannot read {path.name}: {error}") from error


def _json_rows(text: str, path: Path) -> tuple[list[Row], dict[str, Any]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise WordShiftError(f"{path.name} is no JSON: {error}") from error
    whole: dict[str, Any] = found if isinstance(found.get("scores"), dict) else {"scores": found}
    spreads = whole.get("sd") or {}
    rows: list[Row] = []
    for word, score in whole["scores"].items():
        if isinstance(score, bool) or not isinstance(score, int | float | None):
            raise WordShiftError(f"{path.name}: the score of {word!r} is {score!r}: a number is needed")
        rows.append((word, math.nan if score is None else float(score), spreads.get(word)))
    return rows, whole


# --- tables ------------------------------------------------------------------------------------------


def _table_rows(
    text: str, path: Path, *, column: str | None, decade: int | None
) -> tuple[list[Row], float | None]:
    """Rows, and the middle of the scale where the format tells it."""
    lines = list(_cells(text))
    if not lines:
        raise WordShiftError(f"{path.name} is empty: lines of word and score are expected")
    head = lines[0]
    if len(head) < 2:
        raise WordShiftError(f"{path.name} has one column: word and score, parted by a tab or a comma")
    if _is_number(head[1]) or (len(head) == 3 and not _is_number(head[1]) and _is_number(head[2])):
        return _without_header(lines, path, column)
    return _with_header(head, lines[1:], path, column=column, decade=decade)


def _cells(text: str) -> Iterator[list[str]]:
    """Cells of the lines that are not empty."""
    first = text.partition("\n")[0]
    if "\t" in first:  # tab-separated files quote nothing: VADER's emoticons hold quotes
        for line in text.replace("\r\n", "\n").split("\n"):
            if line.strip("\t "):
                yield line.split("\t")
        return
    delimiter = ";" if first.count(";") > first.count(",") else ","
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        if row:
            yield row


def _without_header(lines: list[list[str]], path: Path, column: str | None) -> tuple[list[Row], float | None]:
    head = lines[0]
    if not _is_number(head[1]):  # NRC's long table: word, emotion, 0 or 1
        emotions = sorted({line[1] for line in lines if len(line) == 3})
        chosen = _chosen(column, emotions, path)
        return [_row(line, 0, 2, None, path) for line in lines if line[1:2] == [chosen]], 0.5
    spread = 2 if len(head) > 2 and _is_number(head[2]) else None
    vader = len(head) == 4 and head[3].startswith("[")
    return [_row(line, 0, 1, spread, path) for line in lines], 0.0 if vader else None


def _with_header(
    head: list[str], lines: list[list[str]], path: Path, *, column: str | None, decade: int | None
) -> tuple[list[Row], float | None]:
    names = [cell.strip().casefold() for cell in head]
    word = next((at for at, name in enumerate(names) if name in _WORDS), 0)
    if "decade" in names:
        at = names.index("decade")
        decades = sorted({line[at] for line in lines if len(line) > at})
        wanted = _chosen(None if decade is None else str(decade), decades, path, what="decade")
        lines = [line for line in lines if line[at : at + 1] == [wanted]]
    numeric = [
        at
        for at, name in enumerate(names)
        if at != word and name != "decade" and _column_is_numeric(lines, at)
    ]
    spread = next((at for at in numeric if names[at] in _SPREADS), None)
    known = [at for at in numeric if names[at] in _SCORES]
    scales = [at for at in numeric if names[at] in _NRC_SCALES | _NRC_EMOTIONS]
    if column is not None:
        chosen = _chosen(column.casefold(), [names[at] for at in numeric], path)
        score = names.index(chosen)
    elif len(scales) > 1 or (not known and len(numeric) != 1):
        score = names.index(_chosen(None, [names[at] for at in scales or numeric], path))
    else:
        score = known[0] if known else numeric[0]
    rows = [_row(line, word, score, spread, path) for line in lines]
    return rows, _centre(names, names[score], rows)


def _centre(names: Sequence[str], score: str, rows: list[Row]) -> float | None:
    if "happiness_average" in names or score == "happs":
        return 5.0
    if "decade" in names:
        return 0.0
    known = [value for _, value, _ in rows if not math.isnan(value)]
    if score in _NRC_SCALES | _NRC_EMOTIONS and known:
        return 0.5 if min(known) >= 0 and max(known) <= 1 else 0.0 if min(known) < 0 else None
    return None


def _chosen(wanted: str | None, there: list[str], path: Path, *, what: str = "column") -> str:
    if wanted in there:
        return str(wanted)
    told = f"has no {what} {wanted!r}" if wanted is not None else f"has several: choose a {what}"
    raise WordShiftError(f"{path.name} {told}: it has {', '.join(there) or 'no numbers'}")


def _row(line: list[str], word: int, score: int, spread: int | None, path: Path) -> Row:
    if len(line) <= max(word, score):
        raise WordShiftError(f"{path.name}: the line {' '.join(line)[:40]!r} lacks a score")
    value = line[score].strip()
    try:
        number = math.nan if value.casefold() in _NO_SCORE else float(value)
    except ValueError:
        raise WordShiftError(
            f"{path.name}: the score of {line[word]!r} is {value!r}: a number is needed"
        ) from None
    known = spread is not None and len(line) > spread and _is_number(line[spread])
    return line[word], number, float(line[spread]) if known and spread is not None else None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column_is_numeric(lines: list[list[str]], at: int) -> bool:
    cells = [line[at].strip() for line in lines[:200] if len(line) > at]
    return any(map(_is_number, cells)) and all(
        _is_number(cell) or cell.casefold() in _NO_SCORE for cell in cells
    )


# --- writing -----------------------------------------------------------------------------------------


def write_lexicon(lexicon: Lexicon, path: Path) -> Path:
    """Write `lexicon` in the format of the path's suffix; returns the path."""
    spreads = lexicon.sd or {}
    if path.suffix == ".json":
        whole: dict[str, Any] = {"name": lexicon.name, "centre": lexicon.centre, "case": lexicon.case}
        whole["scores"] = dict(sorted(lexicon.scores.items()))
        if spreads:
            whole["sd"] = dict(sorted(spreads.items()))
        write_text(path, json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
        return path
    head = ["word", "score", *(["sd"] if spreads else [])]
    rows = [
        [
            str(word),
            repr(float(score)),
            *([repr(float(spreads[word])) if word in spreads else ""] if spreads else []),
        ]
        for word, score in sorted(lexicon.scores.items())
    ]
    if path.suffix == ".csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([head, *rows])
        write_text(path, out.getvalue())
        return path
    for row in rows:
        if any(character in row[0] for character in "\t\n\r"):
            raise WordShiftError(f"{row[0]!r} holds a tab or a line feed: write a .json or .csv")
    write_text(path, "".join("\t".join(row) + "\n" for row in (head, *rows)))
    return path
