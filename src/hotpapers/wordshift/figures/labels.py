"""What stands beside the bars, in words: labels, titles, directions; the same for every medium."""

from __future__ import annotations

import unicodedata

from hotpapers.wordshift.shifts import Shift

__all__ = ["LONGEST_LABEL", "clean_label", "default_title", "directions", "short_label"]

LONGEST_LABEL = 30

_NAMES = {"jsd": "JSD", "kld": "KLD", "proportion": "Total variation distance"}
# Zero-width joiners shape words of Indic and Arabic scripts and emoji; other format characters hide or
# turn text around.
_SHAPING = {"\u200c", "\u200d"}


def clean_label(label: object) -> str:
    r"""`label` as one line that draws as it reads: no control, direction or half characters.

    Examples
    --------
    >>> clean_label("two\nlines\u202e")
    'two lines'
    >>> clean_label("")
    "''"
    """
    text = label if isinstance(label, str) else str(label)
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or character in "\ufffe\uffff":
            kept.append("\ufffd")
        elif category in {"Cc", "Zl", "Zp"}:
            kept.append(" ")
        elif category != "Cf" or character in _SHAPING:
            kept.append(character)
    cleaned = "".join(kept)
    return cleaned if cleaned.strip() else repr(cleaned)


def short_label(label: object, longest: int = LONGEST_LABEL) -> str:
    """`clean_label`, cut to `longest` characters with an ellipsis, never inside a letter and its marks.

    Examples
    --------
    >>> short_label("a" * 300)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    text = clean_label(label)
    if len(text) <= longest:
        return text
    end = max(longest - 1, 1)
    while end > 1 and _continues(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _continues(character: str) -> bool:
    return unicodedata.combining(character) > 0 or unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}


def default_title(shift: Shift) -> str:
    """The averages of both texts, or the divergence; a divergence of zero is still a number.

    The averages get as many decimals (two to five) as it takes to tell them apart.
    """
    unit = f" {shift.unit}" if shift.unit else ""
    if shift.averages is not None:
        symbol = "H" if shift.measure in {"entropy", "tsallis"} else "Φavg"
        decimals = _telling_decimals(*shift.averages)
        return "\n".join(
            f"{short_label(name)}: {symbol} = {_minus(f'{average:.{decimals}f}')}{unit}"
            for name, average in zip(shift.names, shift.averages, strict=True)
        )
    value = 0.5 * float(abs(shift.p2 - shift.p1).sum()) if shift.measure == "proportion" else shift.difference
    alpha = shift.parameters.get("alpha", 1)
    order = (
        f" (α = {alpha:g})"
        if shift.measure == "jsd" and isinstance(alpha, int | float) and alpha != 1
        else ""
    )
    texts = (
        f"({short_label(shift.names[1])} ‖ {short_label(shift.names[0])})" if shift.measure == "kld" else ""
    )
    name = _NAMES.get(shift.measure, "Difference")
    return f"{name}{texts}{order} = {_minus(_three_digits(value))}{unit}"


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _telling_decimals(first: float, second: float) -> int:
    return next((n for n in range(2, 5) if first == second or f"{first:.{n}f}" != f"{second:.{n}f}"), 5)


def _three_digits(value: float) -> str:
    r"""Three significant digits, without an exponent where that stays readable.

    Examples
    --------
    >>> [_three_digits(v) for v in (0.1683812, 12.3278, 1.892e-4, 0.0, 3274.4)]
    ['0.168', '12.3', '1.89e-04', '0', '3274']
    """
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2e}"
    digits = max(0, 3 - len(f"{abs(value):.0f}".lstrip("0")))
    return f"{value:.{digits}f}" if abs(value) >= 1 else f"{value:.3g}"


def directions(shift: Shift) -> tuple[str, str]:
    """What a bar to the left and a bar to the right mean.

    For divergences and proportions: which text uses the word more; for averages: which text's
    average the word raises.
    """
    first, second = (short_label(name, 24) for name in shift.names)
    if shift.all_positive or shift.measure in {"proportion", "kld", "jsd"}:
        return f"more in {first}", f"more in {second}"
    return f"{first} higher", f"{second} higher"
