"""Writes docs/quantities.md: `python -m seix.analysis.quantity_docs > docs/quantities.md`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import NOT_ESTIMATED, ORDERS
from .quantity import ERROR_KINDS
from .quantity_table import QUANTITY_TABLE

_TOP = """\
# Quantities

<!-- made by `python -m seix.analysis.quantity_docs`; edit src/seix/analysis/quantity_table.py instead -->

Names in `quantities.json` and `quantities.csv`. All values are in SI units. `<phase>` is the material name of
a region: of the matrix, of a kind of grain, or `core`. Quantiles are volume-weighted at the quadrature points
of the finest mesh, so they do not depend on how nodes are distributed. In two dimensions everything is per
metre of depth; where the unit in three dimensions differs it stands after a slash. Headline quantities are in
bold: they are compared in the report. The kind decides on the error that is stated ([below](#errors)).

"""
_ERRORS = """
## Errors

Each entry is `{value, unit, error, error_kind}`; `error` is a half width in the same unit.

"""
_ORDERS = """
The order p of convergence that `two_mesh` assumes, by kind of quantity. Interfaces have corners in polycrystals, around cellular
grains, and where particles or their films of binder touch. [Theory](theory.md#error-of-a-quantity) says why, and how often
the error holds.

"""
_FILES = """
## Files

`quantities.json`:

```json
{"quantities": {"<name>": {"value": 0.0, "unit": "1", "error": 0.0, "error_kind": "two_mesh"}},
 "cases": [{"structure": "bilayer", "current_multiple": 1.0, "quantities": {"<name>": {"...": 0}}}]}
```

`quantities` holds the first current multiple, `cases` holds every structure at every current. When a scenario
compares structures, the names in `quantities` start with the structure (`bilayer.field_enhancement.p999`);
`ratio.<name>` is the first structure over the second; `cases` then has entries with the structure
`<first>/<second>` for the ratios at every current. `quantities.csv` has the cases as one row for each number:
`structure,current_multiple,quantity,value,unit,error,error_kind`.
"""


def quantities_markdown() -> str:
    """Text of docs/quantities.md."""
    entries = (
        (
            f"**`{info.pattern}`**" if info.headline else f"`{info.pattern}`",
            " / ".join(info.units),
            info.kind,
            info.meaning,
            info.definition,
        )
        for info in QUANTITY_TABLE
    )
    kinds = [
        *((f"`{kind}`", text) for kind, text in ERROR_KINDS.items()),
        ("null", "nothing is known about it"),
    ]
    orders = [(kind, *(f"{order:g}" for order in pair)) for kind, pair in ORDERS.items()]
    orders += [(kind, *[f"none: `{error_kind}`"] * 2) for kind, error_kind in NOT_ESTIMATED.items()]
    return (
        _TOP
        + markdown_table(("name", "unit", "kind", "meaning", "definition"), entries)
        + _ERRORS
        + markdown_table(("`error_kind`", "meaning of `error`"), kinds)
        + _ORDERS
        + markdown_table(("kind", "p", "p with corners"), orders)
        + _FILES
    )


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars in the cells are escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(quantities_markdown(), end="")
