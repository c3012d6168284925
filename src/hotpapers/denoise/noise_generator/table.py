"""The table of the noise generator: what is drawn, from which range, and the presets that narrow it.

Ranges after Godsill & Rayner, "Digital Audio Restoration" (1998) and Välimäki et al., "Digital audio
antiquing" (2008). All levels are relative to the hiss, whose rms is 0 dB.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hotpapers.denoise.errors import DenoiseError

__all__ = ["PRESETS", "TABLE", "Choice", "Parameters", "Range", "Rule", "draw_parameters", "preset_named"]

Parameters = dict[str, float]


@dataclass(frozen=True)
class Range:
    """A value drawn uniformly between two numbers, or uniformly in its logarithm."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise DenoiseError(
                f"a range goes from a number to one at least as large, not {self.low}..{self.high}"
            )
        if self.log and self.low <= 0:
            raise DenoiseError(f"a logarithmic range begins above 0, not at {self.low}")

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        if self.log:
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Choice:
    """A value drawn from a few."""

    values: tuple[float, ...]

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(self.values[rng.integers(len(self.values))])


Rule = Range | Choice | float

# PART.probability says how often a part is there at all.
TABLE: Mapping[str, Rule] = {
    "rpm": Choice((78.26, 80.0, 45.0, 100 / 3)),
    "hiss.probability": 1.0,
    "hiss.tilt": Range(-4, 2),  # dB per octave
    "hiss.equaliser": 3.0,  # standard deviation of nine octave bands, dB
    "hiss.modulation": Range(0, 0.4),  # depth, once per revolution
    "crackle.probability": 0.8,
    "crackle.level": Range(-12, 6),  # rms, dB
    "crackle.rate": Range(20, 3000, log=True),  # per second
    "crackle.shape": Range(0.3, 1.2),  # k: amplitudes are Gamma(k)²
    "crackle.decay": Range(0.03, 1, log=True),  # time constant, ms
    "crackle.frequency": Range(630, 8000, log=True),  # Hz
    "clicks.probability": 0.7,
    "clicks.level": Range(12, 32),  # rms over clicks of their peaks, dB
    "clicks.rate": Range(0.3, 20, log=True),  # per second
    "clicks.shape": Range(0.3, 1.2),
    "clicks.decay": Range(0.05, 2, log=True),  # ms
    "clicks.frequency": Range(200, 5000, log=True),  # Hz
    "clicks.width": Range(0.02, 4, log=True),  # of the one-sided pulse, ms
    "scratch.probability": 0.25,
    "scratch.level": Range(12, 32),  # peak, dB
    "scratch.count": Choice((1, 2, 3)),
    "scratch.jitter": 0.005,  # of a revolution, either way
    "scratch.sweep": Range(-0.002, 0.002),  # revolutions later with every revolution
    "thump.probability": 0.2,
    "thump.level": Range(0, 25),  # peak, dB
    "thump.rate": Range(0, 0.5),  # per second
    "thump.duration": Range(20, 100),  # ms
    "hum.probability": 0.4,
    "hum.level": Range(-20, -3),  # rms, dB
    "hum.mains": Choice((50, 60)),  # Hz
    "hum.deviation": Range(-0.01, 0.01),  # of the mains frequency
    "hum.harmonics": Choice(tuple(range(1, 16))),
    "hum.drift": 0.001,  # of the frequency, either way, slowly
    "buzz.probability": 0.0,
    "buzz.level": Range(-6, 30),  # rms, dB
    "buzz.pulses": Choice((1, 2)),  # in a cycle of the mains
    "buzz.jitter": Range(0, 0.02),  # of the time between pulses
    "buzz.flutter": Range(0, 0.4),  # of the pulses' heights
    "buzz.decay": Range(0.1, 8, log=True),  # time constant of a pulse, ms
    "buzz.tilt": Range(-9, 0),  # dB per octave
    "buzz.noise": Range(0, 0.6),  # share of the power that is noise
    "buzz.breaks": Choice((0, 0, 1, 4)),  # of a loose contact, per second
    "rumble.probability": 0.6,
    "rumble.level": Range(-15, 0),  # rms, dB
    "rumble.cutoff": Range(20, 80),  # Hz
    "rumble.rotation": Range(0, 0.7),  # share of the power that repeats with the rotation
    "tape.probability": 0.0,
    "tape.level": 0.0,  # rms, dB
    "tape.tilt": Range(0, 3),  # dB per octave: tape hiss rises
    "tape.azimuth": Range(6000, 20000, log=True),  # low-pass of a head that stands askew, Hz
    "tape.dropouts": Range(0, 0.5),  # per second
    "tape.depth": Range(-30, -3),  # of a dropout, dB
    "tape.duration": Range(0.05, 0.5),  # of a dropout, s
    "width": Range(0.3, 1),  # of stereo: side against mid
}

PRESETS: Mapping[str, Mapping[str, Rule]] = {
    "any": {"tape.probability": 0.15, "buzz.probability": 0.08},
    "78-worn": {
        "rpm": Choice((78.26, 80.0)),
        "crackle.probability": 1.0,
        "crackle.level": Range(-3, 6),
        "crackle.rate": Range(300, 3000, log=True),
        "clicks.probability": 1.0,
        "clicks.rate": Range(2, 20, log=True),
        "hiss.tilt": Range(-4, -1),
        "scratch.probability": 0.35,
        "hum.probability": 0.2,
    },
    "78-acoustic": {
        "rpm": Choice((78.26, 80.0)),
        "crackle.probability": 1.0,
        "crackle.rate": Range(100, 2000, log=True),
        "hiss.tilt": Range(-3, 0),
        "hiss.modulation": Range(0.1, 0.4),
        "rumble.probability": 0.9,
        "hum.probability": 0.0,
    },
    "cylinder": {
        "rpm": 160.0,
        "hiss.tilt": Range(-4, -1),
        "hiss.modulation": Range(0.2, 0.4),
        "crackle.probability": 1.0,
        "crackle.rate": Range(300, 3000, log=True),
        "scratch.probability": 0.6,
        "rumble.probability": 1.0,
        "hum.probability": 0.0,
    },
    "lp": {
        "rpm": Choice((100 / 3, 45.0)),
        "hiss.tilt": Range(-3, 1),
        "hiss.modulation": Range(0, 0.15),
        "crackle.probability": 0.7,
        "crackle.rate": Range(20, 200, log=True),
        "clicks.rate": Range(0.3, 3, log=True),
        "rumble.probability": 0.8,
    },
    "lp-dusty": {
        "rpm": Choice((100 / 3, 45.0)),
        "crackle.probability": 1.0,
        "crackle.rate": Range(50, 1000, log=True),
        "crackle.frequency": Range(2000, 8000, log=True),
        "clicks.probability": 1.0,
        "clicks.rate": Range(2, 20, log=True),
    },
    "cassette": {
        "hiss.probability": 0.0,
        "tape.probability": 1.0,
        "crackle.probability": 0.0,
        "clicks.probability": 0.0,
        "scratch.probability": 0.0,
        "thump.probability": 0.0,
        "rumble.probability": 0.0,
    },
    "broadcast-hum": {
        "crackle.probability": 0.2,
        "clicks.probability": 0.3,
        "scratch.probability": 0.0,
        "thump.probability": 0.0,
        "rumble.probability": 0.2,
        "hum.probability": 1.0,
        "hum.level": Range(-6, 12),  # louder than the table's: here the hum is the noise
    },
    "ground-buzz": {  # far more harmonics than hum, and little else
        "crackle.probability": 0.1,
        "clicks.probability": 0.3,
        "scratch.probability": 0.0,
        "thump.probability": 0.0,
        "rumble.probability": 0.2,
        "hum.level": Range(-6, 24),
        "buzz.probability": 1.0,
        "buzz.level": Range(12, 36),
    },
    "optical-soundtrack": {
        "hiss.tilt": Range(-2, 2),
        "hiss.modulation": 0.0,
        "crackle.probability": 1.0,
        "crackle.rate": Range(200, 3000, log=True),
        "crackle.decay": Range(0.03, 0.3, log=True),
        "clicks.probability": 1.0,
        "scratch.probability": 0.0,
        "thump.probability": 0.0,
        "hum.probability": 0.5,
        "rumble.probability": 0.0,
    },
}


def preset_named(name: str) -> Mapping[str, Rule]:
    """The rules in which a preset differs from the table.

    Raises
    ------
    DenoiseError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise DenoiseError(f"there is no noise preset {name!r}: there are {', '.join(PRESETS)}")
    return PRESETS[name]


def draw_parameters(
    preset: str, rng: np.random.Generator, overrides: Mapping[str, Rule] | None = None
) -> Parameters:
    """One set of parameters: the table, narrowed by a preset, narrowed by the caller.

    Parameters
    ----------
    preset
        A key of `PRESETS`.
    rng
        Source of randomness.
    overrides
        Name of the table -> a number, a `Range` or a `Choice` to use instead.

    Returns
    -------
    dict
        Name -> number for every line of the table; ``PART.probability`` is 1 where the part is
        there and 0 where it isn't.

    Raises
    ------
    DenoiseError
        If the preset or a name does not exist, or a number is not finite.
    """
    rules = {**TABLE, **preset_named(preset), **(overrides or {})}
    unknown = next((name for name in rules if name not in TABLE), None)
    if unknown is not None:
        near = difflib.get_close_matches(unknown, TABLE, n=1)
        hint = f": did you mean {near[0]!r}?" if near else f": there are {', '.join(TABLE)}"
        raise DenoiseError(f"the noise generator has no parameter {unknown!r}{hint}")
    drawn: Parameters = {}
    for name, rule in rules.items():
        value = rule.draw(rng) if isinstance(rule, Range | Choice) else float(rule)
        if not math.isfinite(value):
            raise DenoiseError(f"the noise generator's {name} must be a finite number, not {value}")
        drawn[name] = value
    for name in drawn:
        if name.endswith(".probability"):
            drawn[name] = float(rng.random() < drawn[name])
    return drawn
