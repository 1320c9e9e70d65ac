"""The six ways a scenario describes the SEI, and the one list of layers each of them stands for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from seix.input.activation import Activation
from seix.input.grains import (
    NARROWEST,
    Grains,
    ResolvedLayer,
    Rounding,
    Shape,
    Spread,
    fraction_problems,
    room_problems,
    shape_problems,
    wall_gaps,
)
from seix.input.types import Fraction, Length, MaterialName, Model, Problem, raise_problems
from seix.units import format_si

_Inorganic = Annotated[
    dict[MaterialName, Fraction],
    Field(description="Grain materials and their fractions of the volume of the WHOLE SEI."),
]
_GrainsField = Annotated[Grains, Field(description="Size and spacing of the grains.")]


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
            *_matrix_problems(self.inner_matrix, "inner_matrix", self.grains),
            *fraction_problems(self._local, ("inorganic",), "the inner layer", self.inorganic,
                                self.grains.shape),
            *room_problems(self.grains, self.inner_thickness, wall_gaps(0, 2), ("grains",),
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
        worst = max(wall_gaps(i, self.layers) for i in (0, self.layers - 1))
        raise_problems([
            *_no_grains(self.inorganic),
            *fraction_problems(self.inorganic, ("inorganic",), "the SEI", self.inorganic, self.grains.shape),
            *room_problems(self.grains, self.thickness / self.layers, worst, ("grains",),
                            f"each of the {self.layers} layers"),
        ])  # fmt: skip
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        one = ResolvedLayer(self.thickness / self.layers, self.matrix, dict(self.inorganic), self.grains)
        return [one] * self.layers


class ScaledGrains(Model):
    """Grains whose size and spacing follow the thickness of the layers."""

    diameter_in_layers: Annotated[
        float, Field(gt=0, lt=1, description="Mean grain diameter over the thickness of one layer.")
    ] = 0.45
    spread: Spread = 0.15
    gap_in_layers: Annotated[
        float | None, Field(gt=0, lt=1, description="Smallest distance of two grains over the thickness of one layer.")
    ] = 0.08
    shape: Shape = "round"
    rounding: Rounding = 0.3

    @model_validator(mode="after")
    def _check(self) -> ScaledGrains:
        if self.shape == "polycrystal" and "gap_in_layers" not in self.model_fields_set:
            object.__setattr__(self, "gap_in_layers", None)  # the default is that of grains with a film between them
        problems = list(shape_problems(self, self.gap_in_layers, "gap_in_layers", "0.1"))
        least = NARROWEST * self.diameter_in_layers
        if self.gap_in_layers is not None and self.gap_in_layers < least * (1.0 - 1e-5):
            text = (
                f"{self.gap_in_layers:g} is too narrow to be meshed beside grains of {self.diameter_in_layers:g} layers; "
                f"must be at least {least:g}"
            )
            problems.append(Problem(("gap_in_layers",), text))
        raise_problems(problems)
        return self

    def of_layer(self, thickness: float) -> Grains:
        """The grains of a layer of this thickness [m]."""
        gap = None if self.gap_in_layers is None else self.gap_in_layers * thickness
        return Grains(diameter=self.diameter_in_layers * thickness, spread=self.spread, gap=gap, shape=self.shape,
                      rounding=self.rounding)  # fmt: skip


class ConsSei(Model):
    """The family consSEI-xth: x equal layers made by x activation pulses, with grains that follow the layers."""

    structure: Annotated[
        Literal["consSEI"], Field(description="x layers from x activation pulses; grains scale with the layers.")
    ]
    x: Annotated[int, Field(ge=1, le=1000, description="Number of activation pulses, and of layers.")]
    thickness: Annotated[
        Length | None, Field(description="Thickness of the whole SEI, the same for every x; or give `layer_thickness`.")
    ] = None
    layer_thickness: Annotated[
        Length | None, Field(description="Thickness that every pulse adds: the SEI grows with x.")
    ] = None
    matrix: Annotated[MaterialName, Field(description="Material between the grains.")] = "organic_polymer"
    inorganic: _Inorganic
    grains: Annotated[ScaledGrains, Field(description="Size and spacing of the grains, in layers.")] = ScaledGrains()

    @model_validator(mode="after")
    def _check(self) -> ConsSei:
        given = [self.thickness, self.layer_thickness]
        if given == [None, None]:
            raise_problems([Problem(("thickness",), "is missing; give thickness, or layer_thickness for an SEI that grows with x",
                                    at_key=True)])  # fmt: skip
        if self.thickness is None:
            object.__setattr__(self, "thickness", self.x * self.layer_thickness)
        elif self.layer_thickness is not None and abs(self.x * self.layer_thickness / self.thickness - 1.0) > 1e-9:
            raise_problems([Problem(("layer_thickness",), "and thickness are both given; give one of the two, and take the other "
                                    "back with an empty value", at_key=True)])  # fmt: skip
        one = self.thickness / self.x
        worst = max(wall_gaps(i, self.x) for i in (0, self.x - 1))
        raise_problems([
            *_no_grains(self.inorganic),
            *fraction_problems(self.inorganic, ("inorganic",), "the SEI", self.inorganic, self.grains.shape),
            *(Problem(("grains", f"{problem.path[-1]}_in_layers"), problem.text)
              for problem in room_problems(self.grains.of_layer(one), one, worst, (), f"each of the {self.x} layers")),
        ])  # fmt: skip
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        thickness = self.thickness / self.x
        return [ResolvedLayer(thickness, self.matrix, dict(self.inorganic), self.grains.of_layer(thickness))] * self.x


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
        shape = self.grains.shape if self.grains else "round"
        problems = list(fraction_problems(self.phases, ("phases",), "this layer", self.phases, shape))
        problems += _matrix_problems(self.matrix, "matrix", self.grains)
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
                problems += room_problems(
                    layer.grains, layer.thickness, wall_gaps(i, count), key, "this layer"
                )
        raise_problems(problems)
        return self

    def resolved_layers(self) -> list[ResolvedLayer]:
        """The layers from the core outwards."""
        return [
            ResolvedLayer(x.thickness, x.matrix or self.matrix, dict(x.phases), x.grains) for x in self.layers
        ]


def _matrix_problems(matrix: str | None, key: str, grains: Grains | None) -> Iterator[Problem]:
    """A matrix given for a layer that has none; that of the whole SEI still defines the reference field."""
    if matrix is not None and grains is not None and grains.shape == "polycrystal":
        yield Problem((key,), "has no effect in a polycrystal, whose grains fill the layer; leave it out", at_key=True)


def _no_grains(inorganic: dict[str, float]) -> Iterator[Problem]:
    if not inorganic:
        yield Problem(
            ("inorganic",), "asks for no grains; give {material: fraction}, or use structure: homogeneous"
        )


SEI_STRUCTURES: dict[str, type[Model]] = {
    "homogeneous": Homogeneous, "bilayer": Bilayer, "multilayer": Multilayer, "consSEI": ConsSei,
    "layers": Layers, "activation": Activation,
}  # fmt: skip
Sei = Annotated[
    Homogeneous | Bilayer | Multilayer | ConsSei | Layers | Activation,
    Field(discriminator="structure", description="Thickness and microstructure of the SEI."),
]
