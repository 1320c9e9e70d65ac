"""The four ways a scenario describes the SEI, and the one list of layers each of them stands for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.types import Fraction, Length, MaterialName, Model, Problem, quantity, raise_problems
from seix.units import format_si

CEILING = math.pi / (2.0 * math.sqrt(3.0))
"""Area fraction of equal discs that touch on a hexagonal lattice, 0.9069: no packing can hold more."""
PHASE_LIMIT = 0.9
"""Largest local fraction a single phase may ask for."""


class Grains(Model):
    """Size and spacing of the round grains of a layer."""

    diameter: Annotated[Length, Field(description="Mean grain diameter.")]
    spread: Annotated[
        quantity("ratio", ge=0, le=0.5),
        Field(description="Coefficient of variation of the lognormal diameter distribution."),
    ] = 0.15
    gap: Annotated[
        Length,
        Field(
            description="Smallest surface-to-surface distance of two grains; also kept to the two surfaces "
            "of the SEI, and half of it to the walls between layers."
        ),
    ]


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


_Inorganic = Annotated[
    dict[MaterialName, Fraction],
    Field(description="Grain materials and their fractions of the volume of the WHOLE SEI."),
]
_GrainsField = Annotated[Grains, Field(description="Size and spacing of the grains.")]


def _fraction_problems(
    local: dict[str, float], key: tuple[str | int, ...], where: str, given: dict[str, float]
) -> Iterator[Problem]:
    """Fractions no packing whatever can reach; that a given layer holds less is found by the packing."""
    for name, fraction in local.items():
        if fraction > PHASE_LIMIT:
            asked = "" if fraction == given[name] else f"{given[name]:.4g} of the SEI is "
            yield Problem((*key, name), f"{asked}{fraction:.4g} of {where}; must be at most {PHASE_LIMIT}")
    total = sum(local.values())
    if total > CEILING and all(f <= PHASE_LIMIT for f in local.values()):
        yield Problem(key, f"the grains ask for {total:.4g} of {where}; must be at most {CEILING:.3f}, "
                      "the densest packing of equal discs")  # fmt: skip


def _room_problems(grains: Grains, thickness: float, walls: float, key: tuple[str | int, ...], where: str):
    """`walls`: gaps a grain keeps to the two sides of its layer, in multiples of the minimal gap."""
    needed = grains.diameter + walls * grains.gap
    if needed > thickness * (1 + 1e-9):
        yield Problem(
            (*key, "diameter"),
            f"a grain of {format_si(grains.diameter, 'm')} and its gaps to the sides of the layer need "
            f"{format_si(needed, 'm')}; must be at most the thickness of {where}, "
            f"{format_si(thickness, 'm')}",
        )


def _wall_gaps(index: int, count: int) -> float:
    """One gap to a surface of the SEI, half a gap to a wall between layers."""
    return (1.0 if index == 0 else 0.5) + (1.0 if index == count - 1 else 0.5)


class _Sei(Model):
    thickness: Annotated[Length, Field(description="Thickness of the whole SEI.")]
    matrix: Annotated[MaterialName, Field(description="Material between the grains.")] = "organic_polymer"


class Homogeneous(_Sei):
    """One material without grains: the reference."""

    structure: Annotated[Literal["homogeneous"], Field(description="One material without grains.")]

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        return [ResolvedLayer(self.thickness, self.matrix)]


class Bilayer(_Sei):
    """All grains in an inner layer at the core, an outer layer without grains."""

    structure: Annotated[
        Literal["bilayer"], Field(description="All grains crowded in an inner layer at the core.")
    ]
    inner_thickness: Annotated[
        Length, Field(description="Thickness of the inner layer that holds all grains.")
    ]
    inner_matrix: Annotated[
        MaterialName | None,
        Field(description="Material between the grains of the inner layer; as `matrix` if not given."),
    ] = None
    inorganic: _Inorganic
    grains: _GrainsField

    @property
    def _local(self) -> dict[str, float]:
        return {k: f * self.thickness / self.inner_thickness for k, f in self.inorganic.items()}

    @model_validator(mode="after")
    def _check(self) -> Bilayer:
        if self.inner_thickness >= self.thickness:
            text = (f"{format_si(self.inner_thickness, 'm')} is not less than the thickness of the SEI; "
                    f"must be less than {format_si(self.thickness, 'm')}")  # fmt: skip
            raise_problems([Problem(("inner_thickness",), text)])
        raise_problems([
            *_no_grains(self.inorganic),
            *_fraction_problems(self._local, ("inorganic",), "the inner layer", self.inorganic),
            *_room_problems(self.grains, self.inner_thickness, _wall_gaps(0, 2), ("grains",),
                            "the inner layer"),
        ])  # fmt: skip
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        inner = ResolvedLayer(
            self.inner_thickness, self.inner_matrix or self.matrix, self._local, self.grains
        )
        return [inner, ResolvedLayer(self.thickness - self.inner_thickness, self.matrix)]


class Multilayer(_Sei):
    """The same fine grains in every one of several equal layers."""

    structure: Annotated[
        Literal["multilayer"], Field(description="The same grains in each of several equal layers.")
    ]
    layers: Annotated[int, Field(ge=1, le=1000, description="Number of layers of equal thickness.")]
    inorganic: _Inorganic
    grains: _GrainsField

    @model_validator(mode="after")
    def _check(self) -> Multilayer:
        worst = max(_wall_gaps(i, self.layers) for i in (0, self.layers - 1))
        raise_problems([
            *_no_grains(self.inorganic),
            *_fraction_problems(self.inorganic, ("inorganic",), "the SEI", self.inorganic),
            *_room_problems(self.grains, self.thickness / self.layers, worst, ("grains",),
                            f"each of the {self.layers} layers"),
        ])  # fmt: skip
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        one = ResolvedLayer(self.thickness / self.layers, self.matrix, dict(self.inorganic), self.grains)
        return [one] * self.layers


class Layer(Model):
    """One layer of a free list."""

    thickness: Annotated[Length, Field(description="Thickness of this layer.")]
    matrix: Annotated[
        MaterialName | None, Field(description="Material between the grains; that of the SEI if not given.")
    ] = None
    phases: Annotated[
        dict[MaterialName, Fraction],
        Field(description="Grain materials and their fractions of the volume of THIS layer."),
    ] = {}  # noqa: RUF012  pydantic copies defaults
    grains: Annotated[
        Grains | None, Field(description="Size and spacing of the grains; needed with `phases`.")
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Layer:
        problems = list(_fraction_problems(self.phases, ("phases",), "this layer", self.phases))
        if self.phases and self.grains is None:
            text = "phases without grains have no size; give grains: {diameter: ..., gap: ...}"
            problems.append(Problem(("phases",), text, at_key=True))
        if self.grains is not None and not self.phases:
            text = (
                "grains without phases have no effect; give phases: {material: fraction}, or leave grains out"
            )
            problems.append(Problem(("grains",), text, at_key=True))
        raise_problems(problems)
        return self


class Layers(_Sei):
    """A free list of layers."""

    structure: Annotated[Literal["layers"], Field(description="A free list of layers.")]
    layers: Annotated[
        list[Layer],
        Field(min_length=1, description="From the core outwards; their thicknesses sum to that of the SEI."),
    ]

    @model_validator(mode="after")
    def _check(self) -> Layers:
        problems, count = [], len(self.layers)
        total = math.fsum(layer.thickness for layer in self.layers)
        if abs(total - self.thickness) > 1e-6 * self.thickness:
            text = (f"the {count} layers sum to {format_si(total, 'm', 7)}, the SEI is "
                    f"{format_si(self.thickness, 'm', 7)} thick; the two must be equal")  # fmt: skip
            problems.append(Problem(("layers",), text, at_key=True))
        for i, layer in enumerate(self.layers):
            if layer.grains is not None:
                key = ("layers", i, "grains")
                problems += _room_problems(
                    layer.grains, layer.thickness, _wall_gaps(i, count), key, "this layer"
                )
        raise_problems(problems)
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        return [
            ResolvedLayer(x.thickness, x.matrix or self.matrix, dict(x.phases), x.grains) for x in self.layers
        ]


def _no_grains(inorganic: dict[str, float]) -> Iterator[Problem]:
    if not inorganic:
        yield Problem(
            ("inorganic",), "asks for no grains; give {material: fraction}, or use structure: homogeneous"
        )


SEI_STRUCTURES: dict[str, type[Model]] = {
    "homogeneous": Homogeneous, "bilayer": Bilayer, "multilayer": Multilayer, "layers": Layers,
}  # fmt: skip
Sei = Annotated[
    Homogeneous | Bilayer | Multilayer | Layers,
    Field(discriminator="structure", description="Thickness and microstructure of the SEI."),
]
