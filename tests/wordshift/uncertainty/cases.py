"""Shifts built from arrays by the formulas of the paper, independently of the package's measures."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter

import numpy as np

from hotpapers.wordshift.counts import Counts, Documents
from hotpapers.wordshift.shifts import Coverage, Shift, decompose

WEIGHTS = (0.3, 0.7)
# measure, parameters
MEASURES = [
    ("proportion", {}),
    ("entropy", {"base": 2.0}),
    ("tsallis", {"alpha": 0.5}),
    ("tsallis", {"alpha": 2.0}),
    ("tsallis", {"alpha": 1.5, "tsallis_form": "qlog"}),
    ("jsd", {"alpha": 1.0, "base": 2.0, "weights": WEIGHTS}),
    ("jsd", {"alpha": 0.6, "weights": WEIGHTS}),
    ("jsd", {"alpha": 2.5, "weights": WEIGHTS}),
    ("kld", {"base": 2.0}),
    ("sentiment", {}),
]


def scores(measure, parameters, p1, p2, given):
    """(phi1, phi2) of section 2.5 of the specification."""
    a, unit = parameters.get("alpha", 1.0), math.log(parameters.get("base", 2.0))
    if measure == "proportion":
        return np.ones_like(p1), np.ones_like(p2)
    if measure == "sentiment":
        return given
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "entropy":
            return tuple(np.where(p > 0, -np.log(p) / unit, 0) for p in (p1, p2))
        if measure == "tsallis":
            if parameters.get("tsallis_form") == "qlog":
                return tuple(np.where(p > 0, (1 - p ** (a - 1)) / (a - 1), 0) for p in (p1, p2))
            return tuple(np.where(p > 0, -(p ** (a - 1)) / (a - 1), 0) for p in (p1, p2))
        if measure == "kld":
            return -np.log(p2) / unit, -np.log(p1) / unit
        w1, w2 = parameters["weights"]
        m = w1 * p1 + w2 * p2
        m = np.where(m > 0, m, 1.0)
        if a == 1:
            one = w1 * (np.log(m) - np.where(p1 > 0, np.log(p1), 0)) / unit
            return one, w2 * (np.where(p2 > 0, np.log(p2), 0) - np.log(m)) / unit
        power = [np.where(p > 0, p ** (a - 1), 0) for p in (p1, p2)]
        return w1 * (m ** (a - 1) - power[0]) / (a - 1), w2 * (power[1] - m ** (a - 1)) / (a - 1)


def make_shift(f1, f2, measure="jsd", parameters=None, *, reference=0.0, given=None, types=None):
    """A shift of two arrays of frequencies."""
    parameters = dict(
        parameters or ({"alpha": 1.0, "base": 2.0, "weights": (0.5, 0.5)} if measure == "jsd" else {})
    )
    f1, f2 = np.asarray(f1, dtype=float), np.asarray(f2, dtype=float)
    p1, p2 = f1 / f1.sum(), f2 / f2.sum()
    s1, s2 = scores(measure, parameters, p1, p2, given)
    if measure == "kld":
        p1 = p2
    if reference == "average":
        parameters["reference"] = "average"
        reference = float(p1 @ s1)
    part = p2 * (s2 - reference) - p1 * (s1 - reference)
    return Shift(
        measure=measure,
        parameters=parameters,
        names=("Text 1", "Text 2"),
        types=list(range(len(f1))) if types is None else types,
        f1=f1,
        f2=f2,
        p1=p1,
        p2=p2,
        s1=s1,
        s2=s2,
        reference=float(reference),
        norm=decompose(part, "variation")[0],
        normalization="variation",
        adopted=np.zeros(len(f1), dtype=bool),
        coverage=Coverage(tokens=(float(f1.sum()), float(f2.sum())), share=(1.0, 1.0)),
        all_positive=measure == "jsd" and reference == 0,
    )


def make_counts(documents, name=""):
    """Counts with documents from a list of lists of words (or of mappings word -> count)."""
    counters = [Counter(document) for document in documents]
    whole = Counter()
    for counter in counters:
        whole.update(counter)
    types = sorted(whole)
    place = {word: at for at, word in enumerate(types)}
    indptr, indices, data = [0], [], []
    for counter in counters:
        for word in sorted(counter):
            indices.append(place[word])
            data.append(float(counter[word]))
        indptr.append(len(indices))
    return Counts(
        types=types,
        values=np.array([float(whole[word]) for word in types]),
        name=name,
        documents=Documents(
            names=[str(number) for number in range(len(counters))],
            indptr=np.array(indptr, dtype=np.int64),
            indices=np.array(indices, dtype=np.int64),
            data=np.array(data),
        ),
    )


def joined(a, b, measure="jsd", parameters=None, **options):
    """The shift of two Counts over their union."""
    types = sorted({*a.types, *b.types})
    first, second = a.as_dict(), b.as_dict()
    f1, f2 = ([counts.get(word, 0.0) for word in types] for counts in (first, second))
    return make_shift(f1, f2, measure, parameters, types=types, **options)


def presidents(shared_data):
    """L.B. Johnson's and G.W. Bush's addresses as counts with documents."""
    pattern = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
    found = {"Johnson": [], "GWBush": []}
    with gzip.open(shared_data / "wordshift" / "state_union.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["president"] in found:
                words = pattern.findall(row["text"].lower())
                found[row["president"]].append([word.replace("’", "'") for word in words])
    return make_counts(found["Johnson"], "L.B.J."), make_counts(found["GWBush"], "G.W.B.")


def zipf_texts(types=400, tokens=8000, seed=0):
    """Two frequency arrays from perturbed Zipf laws."""
    generator = np.random.Generator(np.random.PCG64(seed))
    base = 1 / np.arange(1, types + 1) ** 1.05
    other = base * np.exp(generator.normal(0, 0.7, types))
    return tuple(generator.multinomial(tokens, p / p.sum()).astype(float) for p in (base, other))
