"""What an audit writes: rows with values, intervals and verdicts as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..analysis.notation import display_unit
from .audit_file import Claim, SampledModel
from .audit_terms import Paper, Threshold, parsed
from .audit_values import Estimated, Interval
from .audit_verdict import OUT_OF_REACH, VERDICTS, Published, Verdict, published_of, published_value, span, written

COLUMNS = ("claim", "model", "statement", "paper", "source", "unit", "value", "low", "high", "seeds_low", "seeds_high",
           "mesh_low", "mesh_high", "ranges_low", "ranges_high", "seeds", "samples", "share", "threshold", "verdict", "reason",
           "note")  # fmt: skip


def paper_words(paper: Paper, unit: str) -> str:
    """What was published, in a cell."""
    if paper.text is not None:
        return paper.text
    if paper.below is not None or paper.above is not None:
        return bound_words(paper, unit)
    if paper.window is not None:
        return " to ".join(_given(end, unit) for end in paper.window)
    return written(published_value(paper), unit)


def bound_words(given: Paper | Threshold, unit: str) -> str:
    """A bound with its side."""
    return f"below {_given(given.below, unit)}" if given.below is not None else f"above {_given(given.above, unit)}"


def _given(number: Any, unit: str) -> str:
    return written(parsed(number)[0], unit)


def plain_row(name: str, claim: Claim, other: Claim | None, verdict: Verdict, value: float | None = None) -> dict[str, Any]:
    """Row of a claim that no model answers: numbers of the paper alone, or out of reach."""
    paper = claim.paper if other is None else other.paper
    known = value is not None
    row = _row(name, claim, paper, verdict)
    if known and other is not None:
        end = published_value(paper)
        row |= {"value": value, "published": [end, end]}
    return row


def model_row(
    name: str, claim: Claim, model: tuple[str, SampledModel], found: Estimated, verdict: Verdict, share: float
) -> dict[str, Any]:
    """Row of a claim that a model answers."""
    published: Published = published_of(claim)
    return _row(name, claim, claim.paper, verdict) | {
        "model": model[0], "label": model[1].label, "value": found.value, "interval": found.whole.pair(),
        "seeds": found.seeds.pair(), "mesh": found.mesh.pair(), "ranges": found.ranges.pair(), "seed_count": found.seed_count,
        "sample_count": found.sample_count, "share": share, "neutral": published.bound if claim.unlike is None else None,
        "published": None if published.ends is None else published.ends.pair(), "above": published.above,
    }  # fmt: skip


def _row(name: str, claim: Claim, paper: Paper, verdict: Verdict) -> dict[str, Any]:
    return {
        "claim": name, "model": None, "label": "", "statement": claim.statement, "paper": paper_words(paper, claim.unit),
        "source": paper.source, "unit": claim.unit, "value": None, "interval": None, "seeds": None, "mesh": None, "ranges": None,
        "seed_count": 0, "sample_count": 0, "share": None, "neutral": None, "published": None, "above": None,
        "threshold": "" if claim.threshold is None else f"{bound_words(claim.threshold, claim.unit)}, {claim.threshold.because}",
        "verdict": verdict.word, "reason": verdict.reason, "note": claim.note,
    }  # fmt: skip


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """One row for each claim and model, SI values."""
    stream = io.StringIO()
    table = csv.DictWriter(stream, COLUMNS, lineterminator="\n", restval="")
    table.writeheader()
    for row in rows:
        flat = {key: row[key] for key in COLUMNS if key in row and not isinstance(row[key], list)}
        flat |= {"low": _end(row["interval"], 0), "high": _end(row["interval"], 1), "seeds": row["seed_count"]}
        flat |= {f"{part}_{side}": _end(row[part], k) for part in ("seeds", "mesh", "ranges")
                 for k, side in enumerate(("low", "high"))}  # fmt: skip
        table.writerow(flat | {"samples": row["sample_count"]})
    return stream.getvalue()


def _end(pair: list[float] | None, number: int) -> float | None:
    return None if pair is None else pair[number]


# -- Markdown --------------------------------------------------------------------------------------------------------------


def value_words(row: dict[str, Any]) -> str:
    """Value with its interval."""
    if row["value"] is None:
        return ""
    value = written(row["value"], row["unit"])
    return f"{value} ({span(row['interval'], row['unit'])})" if row["interval"] else value


def title_of(row: dict[str, Any]) -> str:
    """Statement with the model that answers it."""
    return f"{row['statement']}, {row['label']}" if row["label"] else row["statement"]


def short_table(rows: Sequence[dict[str, Any]]) -> str:
    """What was claimed, published and found, and why it is judged so, as Markdown; claims without a value are counted."""
    lines = ["| claim | paper | seix | verdict | why |", "|---|---|---|---|---|"]
    shown = [row for row in rows if row["value"] is not None]
    lines += [f"| {title_of(row)} | {row['paper']} | {value_words(row)} | {row['verdict']} | {row['reason']} |" for row in shown]
    rest = len(rows) - len(shown)
    return "\n".join(lines + (["", f"{rest} more claims are {OUT_OF_REACH} of a model of the SEI."] if rest else []))


def full_table(rows: Sequence[dict[str, Any]]) -> str:
    """Every row with its parts, as Markdown."""
    head = ["claim", "paper", "seix (95 %)", "seeds", "mesh", "material ranges", "verdict", "why"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        unit = row["unit"]
        parts = [span(row[part], unit) for part in ("seeds", "mesh", "ranges")]
        counted = [parts[0] and f"{parts[0]} ({row['seed_count']})", parts[1], parts[2] and f"{parts[2]} ({row['sample_count']})"]
        why = ". ".join(_sentence(text) for text in (row["reason"], row["note"]) if text)
        paper = f"{row['paper']} ({row['source']})"
        lines.append("| " + " | ".join([title_of(row), paper, value_words(row), *counted, row["verdict"], why]) + " |")
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:].rstrip(".")


def frozen_table(frozen: Sequence[dict[str, Any]]) -> str:
    """Calibrated values, as Markdown."""
    lines = ["| calibrated on the bilayer | value | varied between | fitted to |", "|---|---|---|---|"]
    for one in frozen:
        unit = _shown(one)
        fitted = "; ".join(f"{m['quantity']} {written(m['measured'], _shown(m))}: {m['source']}" for m in one["measurements"])
        ends = span(one["ends"], unit) if one["ends"] else "not known"
        lines.append(f"| {one['parameter'].replace('_', ' ')} | {written(one['value'], unit)} | {ends} | {fitted} |")
    return "\n".join(lines)


def _shown(given: dict[str, Any]) -> str:
    """Unit in which a value in SI reads well."""
    return display_unit(given["unit"], abs(given.get("value", given.get("measured"))))[1] or given["unit"]


def counted(rows: Sequence[dict[str, Any]]) -> str:
    """How often each verdict was given, in words."""
    number = Counter(row["verdict"] for row in rows)
    return ", ".join(f"{number[word]} {word}" for word in VERDICTS if number[word])


def moved(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences on rows whose new value is outside the interval of the earlier audit, or which came or went."""
    old = {(row["claim"], row["model"]): row for row in before}
    new = {(row["claim"], row["model"]): row for row in now}
    lines = [f"{_named(key)}: is new" for key in new if key not in old]
    lines += [f"{_named(key)}: is gone" for key in old if key not in new]
    for key in [key for key in new if key in old]:
        row, earlier = new[key], old[key]
        if row["value"] is None or earlier["interval"] is None:
            continue
        if row["value"] not in Interval(*earlier["interval"]):
            before_it = span(earlier["interval"], earlier["unit"])
            lines.append(f"{_named(key)}: {written(row['value'], row['unit'])} is outside {before_it}")
    return lines


def _named(key: tuple[str, str | None]) -> str:
    return key[0] if key[1] is None else f"{key[0]} ({key[1]})"
