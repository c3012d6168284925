"""The claims ledger: what a paper claims, what was measured here, and whether it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Literal

from hotpapers.common.errors import HotPapersError, InputError, UnavailableError
from hotpapers.common.files import write_text
from hotpapers.common.papers import Paper, load
from hotpapers.common.provenance import provenance

__all__ = [
    "Claim",
    "Ledger",
    "Measurement",
    "Result",
    "check_claims",
    "earlier_results",
    "ledger_path",
    "read_ledger",
    "write_ledger",
]

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
    """A claim with what was measured; `seconds` is how long that took, `made` where and when it was."""

    id: str
    statement: str
    source: str
    reported: str
    measured: str
    verdict: Verdict
    seconds: float
    made: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All results over one paper's claims; `made` tells of the run that wrote it last."""

    paper: str
    made: dict[str, str] = field(default_factory=dict)
    claims: tuple[Result, ...] = ()


def check_claims(
    paper: Paper,
    *,
    full: bool = False,
    only: Collection[str] = (),
    earlier: Mapping[str, Result] | None = None,
) -> Iterator[Result]:
    """Check the paper's claims one by one, in their order.

    Parameters
    ----------
    paper
        Whose claims.
    full
        Also those of the tier ``"full"``.
    only
        Ids of the claims to check, of whatever tier; all of the asked tiers where none is named.
    earlier
        Results of an earlier run by id: they stand for the claims that this run does not check.

    Raises
    ------
    InputError
        If an id in `only` is none of the paper's.
    """
    claims: Sequence[Claim] = load(paper.claims) if paper.claims else ()
    known = [claim.id for claim in claims]
    for name in only:
        if name not in known:
            raise InputError(f"{paper.slug} makes no claim {name!r}: it makes {', '.join(known) or 'none'}")
    for claim in claims:
        wanted = claim.id in only if only else full or claim.tier == "smoke"
        yield _checked(claim) if wanted else _left_alone(paper, claim, (earlier or {}).get(claim.id))


def _checked(claim: Claim) -> Result:
    started = perf_counter()
    verdict: Verdict
    try:
        found = claim.check()
        measured, verdict = found.measured, "holds" if found.holds else "fails"
    except UnavailableError as reason:
        measured, verdict = str(reason), "not checked"
    except HotPapersError as reason:
        measured, verdict = f"the check itself failed: {reason}", "fails"
    seconds = round(perf_counter() - started, 3)
    return _result(claim, measured, verdict, seconds=seconds, made=provenance())


def _left_alone(paper: Paper, claim: Claim, earlier: Result | None) -> Result:
    """What an earlier run found, under the claim's present words."""
    if earlier is None:
        command = f"only with --full: `hotpapers claims {paper.slug} --full --only {claim.id}`"
        measured = command if claim.tier == "full" else "not asked for"
        return _result(claim, measured, "not checked")
    return replace(earlier, statement=claim.statement, source=claim.source, reported=claim.reported)


def _result(
    claim: Claim, measured: str, verdict: Verdict, *, seconds: float = 0.0, made: dict[str, str] | None = None
) -> Result:
    return Result(
        id=claim.id,
        statement=claim.statement,
        source=claim.source,
        reported=claim.reported,
        measured=measured,
        verdict=verdict,
        seconds=seconds,
        made=made or {},
    )


def ledger_path(paper: Paper, folder: Path) -> Path:
    """Where the paper's ledger lies: ``folder/SLUG/claims.json``."""
    return folder / paper.slug / "claims.json"


def earlier_results(paper: Paper, folder: Path) -> dict[str, Result]:
    """What the ledger in `folder` says was measured, by id; nothing where there is none that can be read.

    A ledger from before results told their own provenance lends them its own.
    """
    path = ledger_path(paper, folder)
    try:
        ledger = read_ledger(path) if path.is_file() else Ledger(paper=paper.slug)
    except InputError:
        return {}
    return {
        result.id: result if result.made else replace(result, made=ledger.made)
        for result in ledger.claims
        if result.verdict != "not checked"
    }


def write_ledger(paper: Paper, results: Iterable[Result], folder: Path) -> Path:
    """Write ``folder/SLUG/claims.json`` with provenance; returns its path."""
    ledger = Ledger(paper=paper.slug, made=provenance(), claims=tuple(results))
    path = ledger_path(paper, folder)
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
