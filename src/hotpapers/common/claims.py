"""The claims ledger: what a paper claims, what was measured here, and whether it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Literal

from hotpapers.common.errors import HotPapersError, InputError, UnavailableError
from hotpapers.common.files import write_text
from hotpapers.common.papers import Paper, load
from hotpapers.common.provenance import provenance

__all__ = ["Claim", "Ledger", "Measurement", "Result", "check_claims", "read_ledger", "write_ledger"]

Verdict = Literal["holds", "fails", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What a check found: the measured value as text with its unit, and whether the claim holds."""

    measured: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement of a paper and the function that checks it.

    Parameters
    ----------
    id
        Short and stable: ``"D1"``.
    statement
        The claim in our words.
    reported
        The paper's figure, as text with its unit.
    check
        Measures; raises `UnavailableError` where something it needs is not here.
    tier
        ``"smoke"``: minutes on two cores; ``"full"``: needs real data, hours or a GPU.
    source
        Where the paper says it: ``"Table 2"``.
    """

    id: str
    statement: str
    reported: str
    check: Callable[[], Measurement]
    tier: Literal["smoke", "full"] = "smoke"
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A claim with what was measured; `seconds` is how long that took."""

    id: str
    statement: str
    source: str
    reported: str
    measured: str
    verdict: Verdict
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All results of one run over one paper's claims."""

    paper: str
    made: dict[str, str] = field(default_factory=dict)
    claims: tuple[Result, ...] = ()


def check_claims(paper: Paper, *, full: bool = False) -> Iterator[Result]:
    """Check the paper's claims one by one; the ``"full"`` ones only when asked for."""
    claims: Sequence[Claim] = load(paper.claims) if paper.claims else ()
    for claim in claims:
        started = perf_counter()
        verdict: Verdict
        if claim.tier == "full" and not full:
            measured, verdict = "only with --full", "not checked"
        else:
            try:
                found = claim.check()
                measured, verdict = found.measured, "holds" if found.holds else "fails"
            except UnavailableError as reason:
                measured, verdict = str(reason), "not checked"
            except HotPapersError as reason:
                measured, verdict = f"the check itself failed: {reason}", "fails"
        yield Result(
            id=claim.id,
            statement=claim.statement,
            source=claim.source,
            reported=claim.reported,
            measured=measured,
            verdict=verdict,
            seconds=round(perf_counter() - started, 3),
        )


def write_ledger(paper: Paper, results: Iterable[Result], folder: Path) -> Path:
    """Write ``folder/SLUG/claims.json`` with provenance; returns its path."""
    ledger = Ledger(paper=paper.slug, made=provenance(), claims=tuple(results))
    path = folder / paper.slug / "claims.json"
    write_text(path, json.dumps(asdict(ledger), indent=2, ensure_ascii=False) + "\n")
    return path


def read_ledger(path: Path) -> Ledger:
    """Read what `write_ledger` wrote.

    Raises
    ------
    InputError
        If the file is not such a ledger.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        results = tuple(Result(**row) for row in raw.pop("claims"))
        return Ledger(claims=results, **raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path} is not a claims ledger ({type(error).__name__}): run `hotpapers claims`"
        ) from error
