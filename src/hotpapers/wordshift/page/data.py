"""What the page's script gets: the vocabulary as compactly as it can be without losing a digit.

The page recomputes a shift from frequencies, so it needs those of every kept type. Where all names
don't fit, types beyond the largest contributions are shipped as a table of distinct frequencies (and
scores) with how many types have them: every sum stays exact, only names are missing. Where even that
is too long, or scores can't be made again from frequencies, the numbers are shipped as they are and
the page offers no removal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotpapers.wordshift.figures.geometry import cumulative
from hotpapers.wordshift.shifts import COMPONENTS, Shift, Vector

__all__ = ["Model", "contexts_of", "intervals_of", "model_of", "vocabulary"]

_FEWEST_NAMES = 400
_LEAST_BYTES = 8  # of a type: a letter in quotes, two frequencies, three commas
_ORDER_ONE = 1e-9
_SURROGATES = re.compile("[\ud800-\udfff]")
_FREE_REFERENCE = {"entropy", "tsallis", "fixed"}


@dataclass(frozen=True, kw_only=True)
class Model:
    """How the page makes shares and scores from frequencies.

    Parameters
    ----------
    kind
        ``"fixed"`` (scores don't depend on shares), ``"proportion"``, ``"entropy"``, ``"tsallis"``,
        ``"kld"``, ``"jsd"``, or ``"given"``: shares and scores are shipped and nothing is made again.
    alpha, base, weights, form, pseudo
        The measure's parameters.
    pooled
        The weights are the texts' shares of all tokens, so they move when words go.
    why
        Why nothing is made again, where that is so.
    """

    kind: str
    alpha: float = 1.0
    base: float = 2.0
    weights: tuple[float, float] = (0.5, 0.5)
    form: str = "paper"
    pseudo: float = 0.0
    pooled: bool = False
    why: str = ""

    @property
    def removes(self) -> bool:
        """Whether words can be removed."""
        return self.kind != "given"

    @property
    def free_reference(self) -> bool:
        """Whether the reference score may be chosen without changing what is measured."""
        return self.kind in _FREE_REFERENCE

    def shares(self, f1: Vector, f2: Vector) -> tuple[Vector, Vector]:
        """The texts' own relative frequencies."""
        p1 = (f1 + self.pseudo) / (f1.sum() + self.pseudo * len(f1))
        p2 = (f2 + self.pseudo) / (f2.sum() + self.pseudo * len(f2))
        return p1, p2

    def scores(self, p1: Vector, p2: Vector) -> tuple[Vector, Vector]:
        """The scores of both texts at those shares (section 2.5), for measures that make them."""
        unit, order = math.log(self.base), self.alpha - 1
        match self.kind:
            case "proportion":
                return np.ones_like(p1), np.ones_like(p2)
            case "entropy":
                return -_log(p1) / unit, -_log(p2) / unit
            case "tsallis":
                first, second = (_tsallis(p, order, self.form) for p in (p1, p2))
                return first, second
            case "kld":
                return -_log(p2) / unit, -_log(p1) / unit
        w1, w2 = self.weights
        m = w1 * p1 + w2 * p2
        if abs(order) < _ORDER_ONE:
            return w1 * (_log(m) - _log(p1)) / unit, w2 * (_log(p2) - _log(m)) / unit
        one, two, both = (_power(p, order) / order for p in (p1, p2, m))
        return w1 * (both - one), w2 * (two - both)


def _log(p: Vector) -> Vector:
    """Natural logarithm, 0 where p = 0."""
    return np.log(np.where(p > 0, p, 1.0))


def _power(p: Vector, exponent: float) -> Vector:
    """p^exponent, 0 where p = 0."""
    powers: Vector = np.where(p > 0, np.where(p > 0, p, 1.0) ** exponent, 0.0)
    return powers


def _tsallis(p: Vector, order: float, form: str) -> Vector:
    if form == "qlog":
        made: Vector = np.where(p > 0, -np.expm1(order * _log(p)) / order, 0.0)
        return made
    return -_power(p, order) / order


def model_of(shift: Shift) -> Model:
    """The model of `shift`; ``"given"`` where making its numbers again gives others."""
    if shift.parameters.get("callable"):
        return Model(kind="given", why="its scores come from a function that a page can’t call")
    made = _named_model(shift)
    if made.kind == "given":
        return made
    f1, f2 = np.asarray(shift.f1, dtype=np.float64), np.asarray(shift.f2, dtype=np.float64)
    if not (f1.sum() > 0 and f2.sum() > 0):
        return Model(kind="given", why="one of the texts has no words left")
    own1, own2 = made.shares(f1, f2)
    s1, s2 = (shift.s1, shift.s2) if made.kind == "fixed" else made.scores(own1, own2)
    p1, p2 = (own2, own2) if made.kind == "kld" else (own1, own2)
    expected = (shift.p1, shift.p2, p1 * s1, p2 * s2, s1, s2)
    found = (p1, p2, shift.p1 * shift.s1, shift.p2 * shift.s2, shift.s1, shift.s2)
    same = all(
        np.allclose(one, two, rtol=1e-10, atol=1e-15) for one, two in zip(expected, found, strict=True)
    )
    return made if same else Model(kind="given", why="its scores can't be made again from the counts")


def _named_model(shift: Shift) -> Model:
    parameters = shift.parameters
    base = float(parameters.get("base") or 2.0)
    alpha = 1.0 if parameters.get("alpha") is None else float(parameters["alpha"])
    order_one = abs(alpha - 1) < _ORDER_ONE
    match shift.measure:
        case "proportion":
            return Model(kind="proportion")
        case "sentiment" | "custom":
            return Model(kind="fixed")
        case "entropy" | "tsallis":
            form = str(parameters.get("tsallis_form") or "paper")
            return Model(kind="entropy" if order_one else "tsallis", alpha=alpha, base=base, form=form)
        case "kld":
            smooth = parameters.get("kld_missing") == "smooth"
            pseudo = float(parameters.get("pseudo_count", 0.5)) if smooth else 0.0
            return Model(kind="kld", base=base, pseudo=pseudo)
        case "jsd":
            return _divergence(shift, alpha=1.0 if order_one else alpha, base=base)
    return Model(kind="given", why="its scores can't be made again from the counts")


def _divergence(shift: Shift, *, alpha: float, base: float) -> Model:
    given = shift.parameters.get("weights", (0.5, 0.5))
    pooled = "pooled" in {given if isinstance(given, str) else "", shift.parameters.get("weighting")}
    n1, n2 = float(shift.f1.sum()), float(shift.f2.sum())
    if pooled:
        weights = (n1 / ((n1 + n2) or 1.0), n2 / ((n1 + n2) or 1.0))
    elif isinstance(given, str):
        weights = (0.5, 0.5)
    else:
        weights = (float(given[0]), float(given[1]))
    return Model(kind="jsd", alpha=alpha, base=base, weights=weights, pooled=pooled)


def vocabulary(shift: Shift, *, budget: int, needed: Sequence[int] = ()) -> dict[str, Any]:
    """Types, frequencies and scores for the page, in about `budget` bytes of JSON.

    Parameters
    ----------
    budget
        Bytes that may be spent.
    needed
        Indices of types that must have their names.
    """
    model = model_of(shift)
    columns = _columns(shift, model)
    size = len(shift.types)
    if _LEAST_BYTES * size <= budget:
        chosen = _packed(shift, model, columns, np.arange(size))
        if _size(chosen) <= budget:
            return chosen
    candidates = shift.order[:100_000]
    sizes = np.array(
        [
            len(json.dumps(_text(shift.types[index]), ensure_ascii=False).encode("utf-8", "replace"))
            + sum(len(_compact(values[index])) + 1 for values in columns.values())
            + 1
            for index in candidates.tolist()
        ]
    )
    fewest = candidates[:_FEWEST_NAMES]
    tail = _tail(columns, _others(size, fewest))
    spent = _size(tail) if tail else 0
    room = budget - spent
    if room < sizes[: len(fewest)].sum():
        lost = Model(kind="given", why="it has too many different words for one page")
        columns = _columns(shift, lost)
        named = np.union1d(fewest, np.asarray(needed, dtype=np.intp))
        packed = _packed(shift, lost, columns, named, tail=False)
        return packed | {"rest": _rest(shift, named)}
    count = max(len(fewest), int(np.searchsorted(np.cumsum(sizes), room)))
    named = np.union1d(candidates[:count], np.asarray(needed, dtype=np.intp))
    return _packed(shift, model, columns, named)


def _columns(shift: Shift, model: Model) -> dict[str, Vector]:
    columns = {"f1": shift.f1, "f2": shift.f2}
    if model.kind in {"fixed", "given"}:
        columns["s1"] = shift.s1
        if not np.array_equal(shift.s1, shift.s2):
            columns["s2"] = shift.s2
    if model.kind == "given":
        columns |= {"p1": shift.p1, "p2": shift.p2}
    return columns


def _packed(
    shift: Shift,
    model: Model,
    columns: Mapping[str, Vector],
    named: NDArray[np.intp],
    *,
    tail: bool = True,
) -> dict[str, Any]:
    others = _others(len(shift.types), named)
    return {
        "model": asdict(model) | {"removes": model.removes, "free": model.free_reference},
        "types": [_text(shift.types[index]) for index in named.tolist()],
        "columns": {name: _numbers(values[named]) for name, values in columns.items()},
        "adopted": np.flatnonzero(shift.adopted[named]).tolist(),
        "tail": _tail(columns, others) if tail else None,
        "places": None if len(others) == 0 else named.tolist(),
    }


def _others(size: int, named: NDArray[np.intp]) -> NDArray[np.intp]:
    """Indices below `size` that are not in `named`."""
    other = np.ones(size, dtype=bool)
    other[named] = False
    return np.flatnonzero(other)


def _tail(columns: Mapping[str, Vector], others: NDArray[np.intp]) -> dict[str, Any] | None:
    """Distinct rows of `columns` among `others`, with how many types have each."""
    if len(others) == 0:
        return None
    codes = np.zeros(len(others), dtype=np.int64)
    for values in columns.values():
        _, inverse = np.unique(values[others], return_inverse=True)
        _, codes = np.unique(codes * (int(inverse.max()) + 1) + inverse, return_inverse=True)
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    rows = others[first]
    return {
        "count": counts.tolist(),
        "columns": {name: _numbers(values[rows]) for name, values in columns.items()},
    }


def _rest(shift: Shift, named: NDArray[np.intp]) -> dict[str, Any]:
    """Sums over all types as computed, for a page that can't make them again."""
    ranks, values = cumulative(shift)
    factor = 1.0 if shift.normalization == "none" else shift.norm / 100.0
    rows = {component: shift.components[component] for component in COMPONENTS}
    net = shift.contribution
    sign = np.where(shift.p_diff > 0, 1.0, -1.0) * net if shift.all_positive else net
    return {
        "types": len(shift.types) - len(named),
        "variation": math.fsum(np.abs(net)),
        "difference": shift.difference,
        "components": rows,
        "positive": math.fsum(sign[sign > 0]),
        "negative": math.fsum(sign[sign < 0]),
        "tokens": [float(shift.f1.sum()), float(shift.f2.sum())],
        "curve": [ranks.tolist(), (values * factor).tolist()],
        "averages": list(shift.averages) if shift.averages else None,
    }


def contexts_of(
    contexts: Mapping[str, tuple[Sequence[Any], Sequence[Any]]] | None, positions: Mapping[Any, int]
) -> dict[str, Any]:
    """Contexts by position among the named types: ``[left, word, right, document]`` with shared names."""
    documents: dict[str, int] = {}
    words: dict[str, list[list[list[Any]]]] = {}
    for word, sides in (contexts or {}).items():
        if word in positions and any(map(len, sides)):
            words[str(positions[word])] = [
                [
                    [
                        _text(one.left),
                        _text(one.word),
                        _text(one.right),
                        documents.setdefault(_text(one.document or ""), len(documents)),
                    ]
                    for one in side
                ]
                for side in sides
            ]
    return {"documents": list(documents), "words": words}


def intervals_of(intervals: Mapping[Any, Any] | None, positions: Mapping[Any, int]) -> dict[str, list[float]]:
    """(low, high) by position among the named types."""
    made = {}
    for word, interval in (intervals or {}).items():
        ends = [float(end) for end in interval[:2]]
        if word in positions and all(map(math.isfinite, ends)):
            made[str(positions[word])] = ends
    return made


def _text(label: object) -> str:
    """`label` as text that UTF-8 can carry."""
    return _SURROGATES.sub("\ufffd", label if isinstance(label, str) else str(label))


def _numbers(values: Vector) -> list[float | int]:
    return [_plain(value) for value in values.tolist()]


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _compact(value: float) -> str:
    return repr(_plain(float(value)))


def _size(data: Mapping[str, Any]) -> int:
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
