"""The verdict on a claim, by rules on numbers, and the sentence that says why."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..units import parse_any
from .audit_file import Claim, Paper, parsed
from .audit_values import Estimated, Interval, Scale

PREDICTED, CALIBRATED, TREND, UNDECIDED = "predicted", "calibrated", "trend only", "undecided"
CONTRADICTORY, CONSISTENT, OUT_OF_REACH = "contradictory", "consistent", "out of reach"
VERDICTS = {
    PREDICTED: "the interval of the frozen model contains the published value, and at least 95 % of the samples have its sign",
    CALIBRATED: "the quantity was used in a calibration: agreement proves nothing",
    TREND: "at least 95 % of the samples have the published sign or order, which is all that agrees or all that was published",
    UNDECIDED: "the samples do not agree on the sign",
    CONTRADICTORY: "the whole interval has the other sign, or two published numbers exclude each other",
    CONSISTENT: "two published numbers agree; no model is involved",
    OUT_OF_REACH: "no quantity of the model corresponds",
}
"""Word -> when it is given."""
ENOUGH = 0.95
"""Share of the samples that have to agree on a sign."""


@dataclass(frozen=True)
class Published:
    """A published value in SI.

    Attributes
    ----------
    ends : Interval or None
        The value twice, or the ends of a window; None if only an order was published.
    neutral : float or None
        The value of no effect.
    above : bool
        Whether the published effect lies above it.
    """

    ends: Interval | None
    neutral: float | None
    above: bool


def published_of(claim: Claim) -> Published:
    """What a claim that asks the model is held against."""
    paper = claim.paper
    for bound, above in ((paper.below, False), (paper.above, True)):
        if bound is not None:
            return Published(None, parsed(bound)[0], above)
    if paper.window is not None:
        ends = Interval(*sorted(parsed(end)[0] for end in paper.window))
        middle = (ends.low + ends.high) / 2
    else:
        middle = published_value(paper)
        ends = Interval(middle, middle)
    neutral = parsed(claim.neutral)[0]
    return Published(ends, neutral, middle > neutral)


def published_value(paper: Paper) -> float:
    """A published number in SI."""
    if paper.formula is not None:
        return paper.formula({name: parsed(number)[0] for name, number in paper.numbers.items()})
    return parsed(paper.value)[0]


@dataclass(frozen=True)
class Verdict:
    """Word and reason."""

    word: str
    reason: str


def judge(claim: Claim, found: Estimated, calibration: str | None) -> tuple[Verdict, float | None]:
    """Verdict on a claim that asks the model, and the share of the samples with the published sign.

    Parameters
    ----------
    claim : Claim
    found : Estimated
    calibration : str or None
        Calibration that all its quantities were used in.
    """
    published, unit = published_of(claim), claim.unit
    share = right_share(found, published, Scale(claim.scale))
    if calibration is not None:
        return Verdict(CALIBRATED, f"fitted by {calibration}"), share
    side = f"{'above' if published.above else 'below'} {written(published.neutral, unit)}"
    percent = f"{math.floor(100 * share + 1e-9):d} %"
    whole = f"{written(found.whole.low, unit)} to {written(found.whole.high, unit)}"
    agrees = share >= ENOUGH
    if published.ends is not None and agrees and _meets(found.whole, published.ends):
        return Verdict(PREDICTED, f"in the interval, and {percent} of the samples are {side}"), share
    if agrees and published.ends is None:
        return Verdict(TREND, f"{percent} of the samples are {side}; only the order was published"), share
    if agrees:
        return Verdict(TREND, f"{percent} of the samples are {side}, but {_said(published, unit)} is outside {whole}"), share
    if _excluded(found.whole, published):
        other = "below" if published.above else "above"
        return Verdict(CONTRADICTORY, f"the whole interval is {other} {written(published.neutral, unit)}"), share
    return Verdict(UNDECIDED, f"{percent} of the samples are {side}"), share


def _said(published: Published, unit: str) -> str:
    low, high = published.ends.low, published.ends.high
    return written(low, unit) if low == high else f"{written(low, unit)} to {written(high, unit)}"


def _meets(one: Interval, other: Interval) -> bool:
    return one.low <= other.high and other.low <= one.high


def _excluded(whole: Interval, published: Published) -> bool:
    return whole.high < published.neutral if published.above else whole.low > published.neutral


def right_share(found: Estimated, published: Published, scale: Scale) -> float:
    """Share of the samples on the published side of no effect, each moved towards it by the discretisation error."""
    neutral = float(scale.to([published.neutral])[0])
    if math.isnan(neutral):  # on a logarithmic scale every value is above what is not positive
        return float(published.above)
    if published.above:
        return float(np.mean(found.draws - found.mesh_half > neutral))
    return float(np.mean(found.draws + found.mesh_half < neutral))


def judge_published(claim: Claim, value: float, other: Claim) -> Verdict:
    """Verdict on two published numbers: `value` follows from those of the claim, and the other claim has its own."""
    expected = published_value(other.paper)
    factor = math.inf if value * expected <= 0 else max(value / expected, expected / value)
    said = f"{written(value, claim.unit)} against {written(expected, claim.unit)}"
    if factor > claim.within:
        return Verdict(CONTRADICTORY, f"{said} of {claim.same_as.replace('_', ' ')}, a factor of {factor:.2g}")
    return Verdict(CONSISTENT, f"{said} of {claim.same_as.replace('_', ' ')}")


def written(value: float, unit: str) -> str:
    """An SI value in a unit of the audit file, three digits."""
    if not math.isfinite(value):
        return ""
    shown = value / (1.0 if unit == "1" else parse_any(f"1 {unit}")[0])
    text = f"{shown:.3g}"
    if "e" in text and 1e-3 <= abs(shown) < 1e5:
        text = f"{float(text):.0f}" if abs(shown) >= 1 else f"{float(text):f}".rstrip("0")
    mantissa, sign, exponent = text.partition("e")
    text = f"{mantissa}e{int(exponent)}" if sign else text
    return text if unit == "1" else f"{text} {unit}"
