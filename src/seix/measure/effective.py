"""Effective properties of the SEI of a patch: stiffness, conductivity, diffusivity and permittivity with bounds."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import invariants
from ..analysis.measured.effective_names import BOUNDS
from ..fem import on_root
from ..input.measure.effective import TRANSPORT
from .film import FAR, SLACK, Film, Row
from .film_stiffness import stiffness_rows
from .film_transport import transport_rows
from .reading import Column, Reading, Specimen

ONCE = False


def read(specimen: Specimen) -> Reading:
    """Effective properties of the SEI on one mesh (collective).

    Raises
    ------
    ConvergenceError
        If a linear system is not solved, or a value lies outside of bounds that hold for any microstructure.
    """
    film = Film(specimen)
    reading, rows = film.describe(), []
    asked = film.section.properties
    if set(asked) & set(TRANSPORT):
        rows += transport_rows(film, reading)
    if "stiffness" in asked:
        rows += stiffness_rows(film, reading)
    for row in rows:
        reading.quantities.update(row.quantities())
    found = [clause for row in rows for clause in row.violations()]
    missed = reading.record["reciprocity"]
    found += [f"{name} misses reciprocity by {gap:.2g}" for name, gap in missed.items() if not gap <= SLACK]
    on_root(film.cell.comm, lambda: invariants.refuse(f"effective properties of {specimen.name}", found))
    reading.tables["effective"] = _table(rows)
    outside = [row.name for row in rows if row.within is False]
    if outside:
        reading.warnings.append(
            f"effective: {', '.join(outside)} more than {FAR:.0%} outside of the bounds of Hashin and Shtrikman for layers of "
            "isotropic composites: the layers are thin for their grains, or not isotropic"
        )
    return reading


def _table(rows: Sequence[Row]) -> list[Column]:
    """Every property in one row, all in SI units; nan where there is no such bound."""
    nan = float("nan")
    columns = [
        Column("property", "1", [row.name for row in rows]),
        Column("unit", "1", [row.unit for row in rows]),
        Column("value", "SI", [row.value for row in rows]),
        Column("uniform_faces", "SI", [nan if row.uniform is None else row.uniform for row in rows]),
    ]
    return columns + [Column(bound, "SI", [row.bounds.get(bound, nan) for row in rows]) for bound in BOUNDS]
