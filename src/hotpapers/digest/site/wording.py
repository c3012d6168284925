"""How days, numbers, networks and categories are said on a page (English, whatever the locale)."""

from __future__ import annotations

from datetime import UTC, date, datetime

__all__ = [
    "category_name", "count_name", "day_of", "month_of", "network_name", "number", "short_day", "short_span",
    "utc",
]  # fmt: skip

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_NETWORKS = {
    "archive": "the archive",
    "bluesky": "Bluesky",
    "combined": "all networks",
    "hackernews": "Hacker News",
    "huggingface": "Hugging Face",
    "jsonl": "a file",
    "mastodon": "Mastodon",
    "reddit": "Reddit",
    "twitter": "Twitter",
    "x": "X",
}

_CATEGORIES = {
    "astro-ph": "Astrophysics",
    "astro-ph.CO": "Cosmology",
    "astro-ph.EP": "Planets",
    "astro-ph.GA": "Galaxies",
    "astro-ph.HE": "High-Energy Astrophysics",
    "astro-ph.IM": "Astronomical Instruments",
    "astro-ph.SR": "Stars",
    "cond-mat": "Condensed Matter",
    "cs.AI": "Artificial Intelligence",
    "cs.AR": "Hardware Architecture",
    "cs.CC": "Computational Complexity",
    "cs.CE": "Computational Engineering",
    "cs.CG": "Computational Geometry",
    "cs.CL": "Language",
    "cs.CR": "Security",
    "cs.CV": "Computer Vision",
    "cs.CY": "Computers and Society",
    "cs.DB": "Databases",
    "cs.DC": "Distributed Computing",
    "cs.DL": "Digital Libraries",
    "cs.DM": "Discrete Mathematics",
    "cs.DS": "Algorithms",
    "cs.ET": "Emerging Technologies",
    "cs.FL": "Formal Languages",
    "cs.GL": "General Literature",
    "cs.GR": "Graphics",
    "cs.GT": "Game Theory",
    "cs.HC": "Human-Computer Interaction",
    "cs.IR": "Information Retrieval",
    "cs.IT": "Information Theory",
    "cs.LG": "Machine Learning",
    "cs.LO": "Logic",
    "cs.MA": "Multi-Agent Systems",
    "cs.MM": "Multimedia",
    "cs.MS": "Mathematical Software",
    "cs.NA": "Numerical Analysis",
    "cs.NE": "Neural and Evolutionary Computing",
    "cs.NI": "Networks",
    "cs.OH": "Other Computer Science",
    "cs.OS": "Operating Systems",
    "cs.PF": "Performance",
    "cs.PL": "Programming Languages",
    "cs.RO": "Robotics",
    "cs.SC": "Symbolic Computation",
    "cs.SD": "Sound",
    "cs.SE": "Software Engineering",
    "cs.SI": "Social Networks",
    "cs.SY": "Systems and Control",
    "econ": "Economics",
    "eess": "Electrical Engineering",
    "eess.AS": "Audio and Speech",
    "eess.IV": "Image Processing",
    "eess.SP": "Signal Processing",
    "eess.SY": "Systems and Control",
    "gr-qc": "General Relativity",
    "hep-ex": "High-Energy Experiment",
    "hep-lat": "Lattice Physics",
    "hep-ph": "High-Energy Phenomenology",
    "hep-th": "High-Energy Theory",
    "math": "Mathematics",
    "math.OC": "Optimisation",
    "math.PR": "Probability",
    "math.ST": "Statistics Theory",
    "math-ph": "Mathematical Physics",
    "nlin": "Nonlinear Sciences",
    "nucl-th": "Nuclear Theory",
    "physics": "Physics",
    "physics.soc-ph": "Physics and Society",
    "q-bio": "Quantitative Biology",
    "q-bio.NC": "Neurons and Cognition",
    "q-fin": "Quantitative Finance",
    "quant-ph": "Quantum Physics",
    "stat": "Statistics",
    "stat.AP": "Applied Statistics",
    "stat.CO": "Statistical Computation",
    "stat.ME": "Statistical Methods",
    "stat.ML": "Statistical Learning",
    "stat.TH": "Statistics Theory",
}


def utc(moment: datetime) -> datetime:
    """`moment` in UTC; one without a time zone is taken to be in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day_of(day: date) -> str:
    """Such as ``"Thursday, 6 August 2020"``."""
    return f"{_WEEKDAYS[day.weekday()]}, {short_day(day)}"


def short_day(day: date) -> str:
    """Such as ``"6 August 2020"``."""
    return f"{day.day} {month_of(day)} {day.year}"


def short_span(since: date, until: date, *, years: bool = False) -> str:
    """Such as ``"2–29 Dec"``, ``"30 Nov–27 Dec"`` or, with `years`, ``"2–29 Dec 2020"``."""
    last = f"{until.day} {month_of(until)[:3]}"
    first = f"{since.day} {month_of(since)[:3]}"
    if (since.year, since.month) == (until.year, until.month):
        first = f"{since.day}"
    if years and since.year != until.year:
        first += f" {since.year}"
    return f"{first}–{last}{f' {until.year}' if years else ''}"


def month_of(day: date) -> str:
    """Such as ``"August"``."""
    return _MONTHS[day.month - 1]


def number(value: int) -> str:
    """With commas at the thousands: ``"25,400"``."""
    return f"{value:,}"


def network_name(source: str) -> str:
    """How the network with this slug writes itself; the slug where we don't know."""
    return _NETWORKS.get(source, source)


def count_name(name: str) -> str:
    """A count's name as words: ``"num_comments"`` is "comments"."""
    return name.removeprefix("num_").replace("_", " ")


def category_name(code: str) -> str:
    """The subject behind an arXiv category; its archive's where the category has no entry, else ""."""
    return _CATEGORIES.get(code) or _CATEGORIES.get(code.partition(".")[0], "")
