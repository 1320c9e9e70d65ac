"""From curves in nm and nN to the quantities, tables and warnings of the virtual atomic force microscope, in SI."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.quantity import Quantity
from ..scales import LENGTH, STRESS
from ..units import format_si
from .indentation_curve import Curve, Tip, maugis_number, pull_off, pull_off_in_between
from .indentation_film import Film
from .reading import Column, Reading

if TYPE_CHECKING:
    from ..input.measure.indentation import Indentation

FORCE = STRESS * LENGTH**2
"""Newtons in the unit of force."""
REPRESENTATIVE, LARGEST_STRAIN = 0.2, 0.1
"""Strain under a sphere over contact radius by tip radius (Tabor); design limit of small strains."""
LARGEST_MISFIT = 0.05
"""Part by which the pull-off of the DMT limit may be too large before it is said."""
FEW_NODES = 20
"""Nodes in contact below which it is said that they are few."""
MISSED, MISSED_BY_SLOPES = 0.15, 0.25
"""Relative error of a force, and of what rests on its slope, times the squared number of cells across the contact: as found on a
half-space with 4 to 32 cells. Two meshes may agree by chance, as the edge of the contact meets the cells of each differently."""
SLOPES = ("modulus.oliver_pharr", "stiffness")
UNITS = {"modulus.hertz": "Pa", "modulus.oliver_pharr": "Pa", "force": "N", "stiffness": "N/m", "contact_radius": "m",
         "mean_pressure": "Pa"}  # fmt: skip
"""What is read from one curve."""


@dataclass(frozen=True)
class _Body:
    """Curve on one body, the same with another guess of what its finite size changes, and the size of its cells [nm]."""

    name: str
    best: Curve
    other: Curve
    cell: float


class Report:
    """Collects curves.

    Parameters
    ----------
    asked : Indentation
        Section of the scenario.
    tip : Tip
    film : Film
        Homogenised layers.
    """

    def __init__(self, asked: Indentation, tip: Tip, film: Film):
        self._asked, self._tip = asked, tip
        self._plane = 1.0 - asked.poisson_ratio**2
        self._pull = 0.0 if asked.adhesion is None else pull_off(asked.tip_radius, asked.adhesion.work)
        self._bodies: list[_Body] = []
        self._places: list[np.ndarray] = []
        self.warnings: list[str] = []
        constants = [(thickness * LENGTH, *(STRESS * value for value in one.as_tuple())) for thickness, one in film.layers]
        self._record: dict[str, Any] = {
            "tip_radius": asked.tip_radius,
            "poisson_ratio": asked.poisson_ratio,
            "pull_off": self._pull,
            "layers": [dict(zip(("thickness", "c11", "c12", "c13", "c33", "c44"), row, strict=True)) for row in constants],
        }

    def add_layers(self, best: Curve, half: Curve, cell: float) -> None:
        """Curve on the homogenised layers, on all of their body and on half of it."""
        self._bodies.append(_Body("layers", best, half, cell))

    def add_place(self, place: np.ndarray, best: Curve, other: Curve, cell: float, nodes: int) -> None:
        """Curve at one place [nm], where a number of nodes are in contact at the largest depth."""
        self._places.append(place * LENGTH)
        self._bodies.append(_Body(f"place {len(self._places)}", best, other, cell))
        if nodes < FEW_NODES:
            self.warnings.append(
                f"the tip touches only {nodes} nodes of the surface at place {len(self._places)}: raise "
                "measure.indentation.cells_per_contact for a smooth curve"
            )

    def add_record(self, **facts: Any) -> None:
        """Anything else worth keeping."""
        self._record |= facts

    # -- numbers --------------------------------------------------------------------------------------------------------

    def _numbers(self, curve: Curve) -> dict[str, float]:
        """What an instrument reads from a curve, SI."""
        radius = float(curve.contact_radius[-1])
        modulus = self._plane * STRESS
        return {
            "modulus.hertz": modulus * curve.hertz_modulus(self._tip.radius),
            "modulus.oliver_pharr": modulus * curve.oliver_pharr_modulus(self._tip),
            "force": FORCE * float(curve.force[-1]) - self._pull,
            "stiffness": FORCE / LENGTH * curve.unloading_stiffness(),
            "contact_radius": LENGTH * radius,
            "mean_pressure": STRESS * float(curve.force[-1]) / (math.pi * radius**2),
        }

    def _with_errors(self, body: _Body) -> dict[str, tuple[float, float]]:
        """Values, and what the finite size of the body and the cells below the tip may change in them."""
        values, others = self._numbers(body.best), self._numbers(body.other)
        few = (body.cell / self._tip.hertz_radius) ** 2
        errors = {
            name: abs(values[name] - others[name]) + few * (MISSED_BY_SLOPES if name in SLOPES else MISSED) * abs(values[name])
            for name in values
        }
        # the edge of the contact is known to half a cell
        edge = 0.5 * body.cell / float(body.best.contact_radius[-1])
        errors["contact_radius"] += edge * values["contact_radius"]
        errors["mean_pressure"] += 2.0 * edge * values["mean_pressure"]
        return {name: (values[name], errors[name]) for name in values}

    def reading(self) -> Reading:
        """Everything read: means over all places in space, else the reading on the layers."""
        read = [self._with_errors(body) for body in self._bodies]
        chosen = read[1:] or read
        quantities = {}
        for name, unit in UNITS.items():
            value, error = (float(np.mean([one[name][k] for one in chosen])) for k in (0, 1))
            quantities[f"indentation.{name}"] = Quantity(value, unit, error, "domain")
        if len(read) > 1:
            value, error = read[0]["modulus.hertz"]
            quantities["indentation.modulus.layers"] = Quantity(value, "Pa", error, "domain")
        if len(chosen) > 1:
            scatter = float(np.std([one["modulus.hertz"][0] for one in chosen], ddof=1))
            quantities["indentation.modulus.scatter"] = Quantity(scatter, "Pa")
        if self._pull:
            quantities["indentation.pull_off"] = Quantity(self._pull, "N", 0.0, "algebraic")
        tables = {"indentation_curves": self._curves()}
        if self._places:
            tables["indentation_places"] = self._table_of_places(chosen)
        self._judge(quantities)
        return Reading(quantities, tables, self._record, self.warnings)

    def _curves(self) -> list[Column]:
        """Force, contact radius and apparent modulus against depth of all bodies."""
        bodies = self._bodies

        def joined(values) -> list[float]:
            return np.concatenate([values(body.best) for body in bodies]).tolist()

        modulus = self._plane * STRESS
        return [
            Column("body", "1", [body.name for body in bodies for _ in body.best.depth]),
            Column("depth", "m", joined(lambda curve: LENGTH * curve.depth)),
            Column("force", "N", joined(lambda curve: FORCE * curve.force - self._pull)),
            Column("contact_radius", "m", joined(lambda curve: LENGTH * curve.contact_radius)),
            Column("modulus", "Pa", joined(lambda curve: modulus * curve.apparent_modulus(self._tip.radius))),
        ]

    def _table_of_places(self, read: list[dict[str, tuple[float, float]]]) -> list[Column]:
        """What was read at each place."""
        places = np.array(self._places)
        return [
            Column("x", "m", places[:, 0].tolist()),
            Column("y", "m", places[:, 1].tolist()),
            *(Column(name, unit, [one[name][0] for one in read]) for name, unit in UNITS.items()),
        ]

    # -- validity -------------------------------------------------------------------------------------------------------

    def _judge(self, quantities: dict[str, Quantity]) -> None:
        """Say where small strains or the DMT limit do not hold."""
        strain = REPRESENTATIVE * quantities["indentation.contact_radius"].value / self._asked.tip_radius
        if strain > LARGEST_STRAIN:
            self.warnings.append(
                f"the strain under the tip is about {100 * strain:.0f} % (0.2 a/R), beyond the {100 * LARGEST_STRAIN:.0f} % to "
                "which small-strain elasticity is valid: read the moduli of measure.indentation at a smaller depth"
            )
        adhesion = self._asked.adhesion
        if adhesion is None:
            return
        if quantities["indentation.force"].value < 0.0:
            self.warnings.append(
                f"adhesion alone draws the tip in deeper than {format_si(self._asked.depth, 'm')}: all of the curve of "
                "measure.indentation is under tension, and is read while the tip is withdrawn only; raise its depth"
            )
        reduced = quantities["indentation.modulus.hertz"].value / self._plane
        number = maugis_number(self._asked.tip_radius, adhesion.work, reduced, adhesion.separation)
        misfit = self._pull / pull_off_in_between(self._asked.tip_radius, adhesion.work, number) - 1.0
        self._record |= {"maugis_number": number, "pull_off_misfit": misfit}
        if misfit > LARGEST_MISFIT:
            self.warnings.append(
                f"Maugis' number of the contact is {number:.2g}: the pull-off force of the DMT limit is {100 * misfit:.0f} % "
                "above that of the transition to JKR, whose contact also grows beyond that of Hertz"
            )
