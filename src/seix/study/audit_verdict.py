"""The verdict on a claim, by rules on numbers, and the sentence that says why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..units import parse_any
from .audit_file import Claim
from .audit_terms import Paper, parsed
from .audit_values import Estimated, Interval, Scale

PREDICTED, CALIBRATED, TREND, UNDECIDED = "predicted", "calibrated", "trend only", "undecided"
CONTRADICTORY, CONSISTENT, OUT_OF_REACH = "contradictory", "consistent", "out of reach"
ENOUGH = 0.95
"""Share of the samples that have to agree on a sign."""
NEGLIGIBLE = 0.05
"""Distance from the value of no effect, over that value, within which there is none."""
SMALL = 0.1
"""Part of a published effect, on the scale of its claim, that is none beside it."""
VERDICTS = {
    PREDICTED: "the interval of the frozen model contains the published value, and at least 95 % of the samples are on its side "
               "of no effect, or of what a single value has to be told from",
    CALIBRATED: "the quantity was used in a calibration: agreement proves nothing",
    TREND: "at least 95 % of the samples have the published sign or order, which is all that agrees or all that was published; "
           "of a single value that is missed, those of the comparison of both structures",
    UNDECIDED: "the samples do not agree on the sign, and the interval leaves room for an effect; or a single value is met that "
               "cannot be told from the other one",
    CONTRADICTORY: "the whole interval has the other sign or lies beyond our threshold; or there is no effect: the samples do "
                   "not have the sign, and the whole interval is within 5 % of none or a tenth of the published effect; or "
                   "a single value is missed, and the order of both structures, where they are compared, too; or two published "
                   "numbers exclude each other",
    CONSISTENT: "two published numbers agree; no model is involved",
    OUT_OF_REACH: "no quantity of the model corresponds; or it would be contradictory, but the model lacks the cause that the "
                  "paper gives: it cannot contradict what it does not have",
}  # fmt: skip
"""Word -> when it is given."""


@dataclass(frozen=True)
class Published:
    """What a computed value is held against, in SI.

    Attributes
    ----------
    ends : Interval or None
        The published value twice, or the ends of a window; None if only an order was published, or no number at all.
    bound : float
        The value of no effect, the bound of a published order, our threshold, or what a single value has to be told from.
    above : bool
        Whether what was published lies above the bound.
    """

    ends: Interval | None
    bound: float
    above: bool


def published_of(claim: Claim) -> Published:
    """What a claim that asks the model is held against."""
    paper, given = claim.paper, claim.threshold or claim.paper
    for bound, above in ((given.below, False), (given.above, True)):
        if bound is not None:
            return Published(None, parsed(bound)[0], above)
    if paper.window is not None:
        ends = Interval(*sorted(parsed(end)[0] for end in paper.window))
        middle = (ends.low + ends.high) / 2
    else:
        middle = published_value(paper)
        ends = Interval(middle, middle)
    bound = parsed(claim.neutral if claim.unlike is None else claim.unlike)[0]
    return Published(ends, bound, middle > bound)


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


def judge(
    claim: Claim, found: Estimated, calibration: str | None = None, order: float | None = None, missing: str = ""
) -> tuple[Verdict, float]:
    """Verdict on a claim that asks the model, and the share of the samples on the published side of the bound.

    Parameters
    ----------
    claim : Claim
    found : Estimated
    calibration : str, optional
        Calibration that all its quantities were used in.
    order : float, optional
        Of a single value: share of the samples with the published order in the claim named `order`, on both structures.
    missing : str
        Cause that the paper gives and the model lacks.
    """
    published = published_of(claim)
    share = right_share(found, published, Scale(claim.scale))
    if calibration is not None:
        return Verdict(CALIBRATED, f"fitted by {calibration}"), share
    rule = _judge_single if claim.unlike is not None else _judge_order if published.ends is None else _judge_effect
    verdict = rule(claim, found, published, share, order)
    if missing and verdict.word == CONTRADICTORY:
        return Verdict(OUT_OF_REACH, f"{verdict.reason}. This model lacks the cause that the paper gives: {missing}"), share
    return verdict, share


def _judge_effect(claim: Claim, found: Estimated, published: Published, share: float, _: float | None) -> Verdict:
    """A published value beside that of no effect: its sign counts, and its size."""
    whole, unit = found.whole, claim.unit
    said, meets = _samples(share, published, unit), _meets(whole, published.ends)
    beside = f"{_said(published, unit)} is {'in' if meets else 'outside'} {span(whole.pair(), unit)}"
    if share >= ENOUGH:
        return Verdict(PREDICTED, f"in the interval, and {said}") if meets else Verdict(TREND, f"{said}, but {beside}")
    none = _no_effect(whole, published, unit, claim.scale)
    if none and not meets:
        return Verdict(CONTRADICTORY, none)
    if _excluded(whole, published):
        return Verdict(CONTRADICTORY, _other_side(published, unit))
    return Verdict(UNDECIDED, f"{said}; {beside}")


def _judge_order(claim: Claim, found: Estimated, published: Published, share: float, _: float | None) -> Verdict:
    """A published order, or words for which there is a threshold of our own."""
    unit, threshold = claim.unit, claim.threshold
    ours = "" if threshold is None else f" ({threshold.because})"
    said = _samples(share, published, unit, threshold is not None)
    if share >= ENOUGH:
        return Verdict(TREND, f"{said}{ours}; {'only the order' if threshold is None else 'no number'} was published")
    compares = threshold is None and unit == "1" and published.bound == 1.0  # a bound that is no effect, and not just a number
    none = _no_effect(found.whole, published, unit, claim.scale) if compares else ""
    if none:
        return Verdict(CONTRADICTORY, none)
    if _excluded(found.whole, published):
        return Verdict(CONTRADICTORY, _other_side(published, unit, threshold is not None) + ours)
    return Verdict(UNDECIDED, said + ours)


def _judge_single(claim: Claim, found: Estimated, published: Published, share: float, order: float | None) -> Verdict:
    """A value of one structure: held against its own published value; an order is one of both structures as computed."""
    unit, whole = claim.unit, found.whole
    if _meets(whole, published.ends):
        word, joint = (PREDICTED, "and") if share >= ENOUGH else (UNDECIDED, "but only")
        return Verdict(word, f"in the interval, {joint} {_samples(share, published, unit)}")
    missed = f"{_said(published, unit)} is outside {span(whole.pair(), unit)}"
    if order is None:
        return Verdict(CONTRADICTORY, missed)
    compared = f"the order of both structures is right in {_percent(order)} of the samples ({claim.order.replace('_', ' ')})"
    return Verdict(TREND if order >= ENOUGH else CONTRADICTORY, f"{missed}; {compared}")


def _samples(share: float, published: Published, unit: str, ours: bool = False) -> str:
    side = "above" if published.above else "below"
    return f"{_percent(share)} of the samples are {side} {'our threshold, ' * ours}{written(published.bound, unit)}"


def _percent(share: float) -> str:
    return f"{math.floor(100 * share + 1e-9):d} %"


def _other_side(published: Published, unit: str, ours: bool = False) -> str:
    side = "below" if published.above else "above"
    return f"the whole interval is {side} {'our threshold, ' * ours}{written(published.bound, unit)}"


def _said(published: Published, unit: str) -> str:
    ends = published.ends
    return written(ends.low, unit) if ends.low == ends.high else span(ends.pair(), unit)


def _meets(one: Interval, other: Interval) -> bool:
    return one.low <= other.high and other.low <= one.high


def _excluded(whole: Interval, published: Published) -> bool:
    return whole.high < published.bound if published.above else whole.low > published.bound


def _no_effect(whole: Interval, published: Published, unit: str, kind: str) -> str:
    """Why a whole interval means that there is no effect; empty if it does not."""
    neutral, scale = published.bound, Scale(kind)
    half = NEGLIGIBLE * abs(neutral)
    if neutral - half <= whole.low and whole.high <= neutral + half:
        return f"no effect: the whole interval is within {NEGLIGIBLE:.0%} of {written(neutral, unit)}".replace("%", " %")
    if published.ends is None:
        return ""
    centre, low, high = scale.to([neutral, published.ends.low, published.ends.high])
    half = SMALL * min(abs(low - centre), abs(high - centre))
    band = scale.interval(centre - half, centre + half)
    if not (band.low <= whole.low and whole.high <= band.high):
        return ""
    within = span(band.pair(), unit)
    return f"no effect beside the published one: the whole interval is within a tenth of it, {within}"


def right_share(found: Estimated, published: Published, scale: Scale) -> float:
    """Share of the samples on the published side of the bound, each moved towards it by the discretisation error."""
    bound = float(scale.to([published.bound])[0])
    if math.isnan(bound):  # on a logarithmic scale every value is above what is not positive
        return float(published.above)
    if published.above:
        return float(np.mean(found.draws - found.mesh_half > bound))
    return float(np.mean(found.draws + found.mesh_half < bound))


def judge_published(claim: Claim, value: float, other: Claim) -> Verdict:
    """Verdict on two published numbers: `value` follows from those of the claim, and the other claim has its own."""
    expected = published_value(other.paper)
    factor = math.inf if value * expected <= 0 else max(value / expected, expected / value)
    said = f"{written(value, claim.unit)} against {written(expected, claim.unit)}"
    if factor > claim.within:
        return Verdict(CONTRADICTORY, f"{said} of {claim.same_as.replace('_', ' ')}, a factor of {written(factor, '1')}")
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


def span(pair: Sequence[float] | None, unit: str) -> str:
    """Two SI ends in a unit of the audit file, the unit once; empty if there are none."""
    if pair is None:
        return ""
    low, high = (written(end, unit) for end in pair)
    return f"{low.removesuffix(f' {unit}')} to {high}"
