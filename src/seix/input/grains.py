"""Grains of one layer: size, spacing and shape, and what can be said against them before anything is packed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.types import Length, Model, Problem, quantity, raise_problems

CEILING = math.pi / (2.0 * math.sqrt(3.0))
"""Area fraction of equal discs that touch on a hexagonal lattice, 0.9069: no packing of round grains holds more."""
PHASE_LIMIT = 0.9
"""Largest local fraction a single phase of round grains may ask for."""
NARROWEST = 1e-3
"""Smallest gap over the diameter of the grains: meshes of the plane are still good at a tenth of it, not at a thousandth; in
space the number of cells is the limit long before."""
FULL = 1e-6
"""Difference from 1 of the fractions of a polycrystal that counts as rounding."""


Shape = Annotated[
    Literal["round", "cellular", "polycrystal"],
    Field(
        description="`round`: discs or spheres; `cellular`: cells of a power diagram, shrunk by a film and rounded, for "
        "dense layers; `polycrystal` (2D): cells that share grain boundaries and fill the layer."
    ),
]
Rounding = Annotated[
    quantity("ratio", ge=0, le=1),
    Field(
        description="Cellular grains: radius of the corners over that of the largest disc or sphere inside; 0 is a sharp polygon."
    ),
]
Spread = Annotated[
    quantity("ratio", ge=0, le=0.5),
    Field(description="Coefficient of variation of the lognormal diameter distribution."),
]


class Grains(Model):
    """Size, spacing and shape of the grains of a layer."""

    diameter: Annotated[Length, Field(description="Mean grain diameter (of the disc or sphere of equal size).")]
    spread: Spread = 0.15
    gap: Annotated[
        Length | None,
        Field(
            description="Smallest surface-to-surface distance of two grains; also kept to the two surfaces "
            "of the SEI, and half of it to the walls between layers. Not for polycrystals."
        ),
    ] = None
    shape: Shape = "round"
    rounding: Rounding = 0.3

    @model_validator(mode="after")
    def _check(self) -> Grains:
        raise_problems([*shape_problems(self, self.gap, "gap", "0.5 nm"), *gap_problems(self.gap, self.diameter)])
        return self


def shape_problems(grains: Model, gap: float | None, key: str, example: str) -> Iterator[Problem]:
    """Gap and rounding where they are needed, and nowhere else."""
    if grains.shape != "polycrystal" and gap is None:
        yield Problem((key,), f"is missing; give the smallest distance of two grains, such as {example}", at_key=True)
    if grains.shape == "polycrystal" and gap is not None:
        yield Problem((key,), "has no effect between the grains of a polycrystal, which touch; leave it out", at_key=True)
    if grains.shape != "cellular" and "rounding" in grains.model_fields_set and grains.rounding != 0.3:
        yield Problem(("rounding",), f"has no effect on {grains.shape} grains; leave it out", at_key=True)


def gap_problems(gap: float | None, diameter: float) -> Iterator[Problem]:
    """A gap [m] that no mesh resolves beside grains of a diameter [m]."""
    if gap is not None and gap < NARROWEST * diameter * (1.0 - 1e-3):  # the number said is rounded
        text = (
            f"{_nm(gap)} is too narrow to be meshed beside grains of {_nm(diameter)}; must be at least "
            f"{_nm(NARROWEST * diameter)}, and a molecule is about 0.3 nm"
        )
        yield Problem(("gap",), text, impossible=True)


@dataclass(frozen=True)
class ResolvedLayer:
    """One layer of the SEI as the geometry sees it, whatever structure it came from.

    Attributes
    ----------
    thickness : float
        [m]
    matrix : str
        Material between the grains.
    phases : dict of str to float
        Fraction of this layer's volume (area in 2D) taken by the grains of each material.
    grains : Grains or None
        None exactly when `phases` is empty.
    """

    thickness: float
    matrix: str
    phases: dict[str, float] = field(default_factory=dict)
    grains: Grains | None = None


def fraction_problems(
    local: dict[str, float], key: tuple[str | int, ...], where: str, given: dict[str, float], shape: str = "round"
) -> Iterator[Problem]:
    """Fractions no packing whatever can reach; that a given layer holds less is found by the packing."""
    total = sum(local.values())
    if shape == "polycrystal":
        if local and abs(total - 1.0) > FULL:
            yield Problem(key, f"the grains of a polycrystal fill {where}, but {total:.4g} is asked for; must sum to 1")
        return
    if shape == "cellular":
        if total >= 1.0:
            text = f"the grains ask for {total:.4g} of {where}; must be less than 1, as there is a film between them"
            yield Problem(key, text, impossible=True)
        return
    for name, fraction in local.items():
        if fraction > PHASE_LIMIT * (1.0 + 1e-9):  # 0.45 of twice the layer is 0.9 and a rounding error
            asked = "" if fraction == given[name] else f"{given[name]:.4g} of the SEI is "
            yield Problem((*key, name), f"{asked}{fraction:.4g} of {where}; must be at most {PHASE_LIMIT}", impossible=True)
    if total > CEILING and all(f <= PHASE_LIMIT * (1.0 + 1e-9) for f in local.values()):
        yield Problem(key, f"the grains ask for {total:.4g} of {where}; must be at most {CEILING:.3f}, "
                      "the densest packing of equal discs", impossible=True)  # fmt: skip


def room_problems(grains: Grains, thickness: float, walls: float, key: tuple[str | int, ...], where: str):
    """`walls`: gaps a grain keeps to the two sides of its layer, in multiples of the minimal gap."""
    gap = grains.gap or 0.0
    needed = grains.diameter + walls * gap
    if needed <= thickness * (1 + 1e-9):
        return
    text = (
        f"a grain of {_nm(grains.diameter)} and its gaps to the sides of the layer need {_nm(needed)}; "
        f"must be at most the thickness of {where}, {_nm(thickness)}"
    )
    widest = (thickness - grains.diameter) / walls
    if widest >= NARROWEST * grains.diameter and walls * gap > grains.diameter:
        yield Problem((*key, "gap"), f"{text}: a gap of at most {_nm(widest)} would do", impossible=True)
    else:
        yield Problem((*key, "diameter"), text, impossible=True)


def _nm(length: float) -> str:
    """A length [m] in the unit that all lengths of a message share."""
    return f"{length / 1e-9:.4g} nm"


def wall_gaps(index: int, count: int) -> float:
    """One gap to a surface of the SEI, half a gap to a wall between layers."""
    return (1.0 if index == 0 else 0.5) + (1.0 if index == count - 1 else 0.5)
