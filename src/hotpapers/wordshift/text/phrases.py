"""Multi-word expressions found in the text itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from hotpapers.wordshift.text.tallies import Tally
from hotpapers.wordshift.text.tokens import Tokenizer

__all__ = ["learned"]


def learned(
    tally: Callable[[Tokenizer], Tally],
    tokenizer: Tokenizer,
    *,
    min_npmi: float = 0.4,
    min_count: int = 20,
    rounds: int = 2,
) -> tuple[str, ...]:
    """Pairs of neighbours that belong together, and pairs of such pairs: phrases of up to 2^rounds words.

    A pair (x, y) is one where its normalised pointwise mutual information (Bouma 2009)
    ln(p(xy) / p(x) p(y)) / -ln p(xy) is above `min_npmi` and it occurs at least `min_count` times.

    Parameters
    ----------
    tally
        Counts the text under a tokenizer; called twice a round.
    tokenizer
        How words are made; its n-grams are left aside.
    """
    found: tuple[str, ...] = ()
    for _ in range(rounds):
        words = _counted(tally(replace(tokenizer, phrases=found, ngrams="1")))
        pairs = _counted(tally(replace(tokenizer, phrases=found, ngrams="2")))
        tokens, places = sum(words.values()), sum(pairs.values())
        new = []
        for pair, joint in sorted(pairs.items()):
            if joint < min_count:
                continue
            # A word may itself be a phrase: of the places where the pair can be parted, the best counts.
            blanks = [at for at, character in enumerate(pair) if character == " "]
            chances = [words.get(pair[:at], 0) * words.get(pair[at + 1 :], 0) / tokens**2 for at in blanks]
            likely = [chance for chance in chances if chance > 0]
            share = joint / places
            if likely and (share == 1.0 or math.log(share / max(likely)) / -math.log(share) > min_npmi):
                new.append(pair)
        if not new:
            break
        found = tuple(sorted({*found, *new}))
    return found


def _counted(tally: Tally) -> dict[str, int]:
    return dict(zip(tally.types, tally.values.tolist(), strict=True))
