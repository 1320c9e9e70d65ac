"""Sections of a scenario that have one form: lithium, loads, resolution, solver, output, replaced values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from seix.input.grains import gap_problems
from seix.input.types import (
    WRITTEN,
    Length,
    MaterialName,
    Model,
    OptionValue,
    Problem,
    material_names,
    quantity,
    raise_problems,
    shown,
    unknown,
)
from seix.properties import PROPERTIES
from seix.units import UnitError


class Lithium(Model):
    """Lithium content of the core."""

    state: Annotated[
        quantity("ratio", ge=0, le=1),
        Field(description="Mean concentration over the maximum of the core material."),
    ] = 0.5


class CoreDomains(Model):
    """Silicon domains resolved in the core; `materials.core` is then the matrix between them."""

    material: Annotated[MaterialName, Field(description="Material of the domains.")] = "amorphous_si"
    fraction: Annotated[quantity("ratio", gt=0, lt=0.8), Field(description="Area fraction of the domains in the core.")]
    diameter: Annotated[Length, Field(description="Mean diameter of the domains.")]
    spread: Annotated[
        quantity("ratio", ge=0, le=0.5), Field(description="Coefficient of variation of the diameters.")
    ] = 0.15
    gap: Annotated[
        Length, Field(description="Smallest distance of the domains from each other, from the SEI and from the end of the core.")
    ]
    swelling: Annotated[
        quantity("ratio", gt=-0.5, lt=1),
        Field(description="Linear strain of an unconstrained domain; that of the matrix is `mechanics.core_swelling`."),
    ] = 0.0

    @model_validator(mode="after")
    def _check(self) -> CoreDomains:
        raise_problems(gap_problems(self.gap, self.diameter))
        return self


class Mechanics(Model):
    """Loads of the elastic problem that do not come from the computed lithium field."""

    core_swelling: Annotated[
        quantity("ratio", gt=-0.5, lt=1), Field(description="Linear strain of the unconstrained core.")
    ] = 0.0
    out_of_plane_strain: Annotated[
        quantity("ratio", gt=-0.5, lt=1),
        Field(description="Strain normal to the plane (generalised plane strain)."),
    ] = 0.0


class Load(Model):
    """Currents."""

    reference_current_density: Annotated[
        quantity("current_density", gt=0),
        Field(description="i_ref: mean current density on core|SEI at I/I0 = 1."),
    ] = 0.2
    current_multiples: Annotated[
        list[quantity("ratio", gt=0)], Field(min_length=1, description="I/I0, strictly increasing.")
    ] = [1.0]  # noqa: RUF012  pydantic copies defaults
    reference_field: Annotated[
        str,
        Field(
            description="E0: `matrix` is i_ref over the conductivity of the matrix; the name of a variant is "
            "the mean field in the SEI of that variant at I/I0 = 1."
        ),
    ] = "matrix"

    @model_validator(mode="after")
    def _check(self) -> Load:
        m = self.current_multiples
        raise_problems(
            Problem(("current_multiples", i), f"{m[i]:g} follows {m[i - 1]:g}; must be strictly increasing")
            for i in range(1, len(m)) if m[i] <= m[i - 1]
        )  # fmt: skip
        return self


class Adapt(Model):
    """Refinement of the mesh where it pays for one quantity."""

    target: Annotated[
        str,
        Field(
            description="Name of the quantity: `field_enhancement.` and `mean`, `p99` or `p999`, with `.` and the name of a "
            "material for one phase of the SEI."
        ),
    ] = "field_enhancement.p999"
    tolerance: Annotated[
        quantity("ratio", gt=0, le=0.5), Field(description="Relative error of the target at which no finer mesh is made.")
    ] = 0.01
    max_cells: Annotated[int, Field(ge=100, description="No mesh of the sequence but the first has more cells.")] = 400_000


class MeshControl(Model):
    """Resolution."""

    cells_per_diameter: Annotated[float, Field(ge=2, le=100, description="Cells across a grain.")] = 6.0
    cells_per_gap: Annotated[
        float, Field(gt=0, le=20, description="Cells across the smallest gap; below 1 longer ones along it.")
    ] = 1.0
    cells_per_layer: Annotated[
        float, Field(ge=1, le=1000, description="Cells across a layer without grains.")
    ] = 4.0
    growth: Annotated[
        float, Field(gt=1, le=3, description="Size ratio of neighbouring cells away from the grains.")
    ] = 1.3
    backend: Annotated[
        Literal["auto", "gmsh", "delaunay"],
        Field(
            description="Mesher in 2D: `auto` and `delaunay` are the own Delaunay refinement, whose time grows linearly with "
            "the number of grains; `gmsh` is Gmsh's, for round grains in a patch or one particle."
        ),
    ] = "auto"
    maximum_cells: Annotated[
        int, Field(ge=100, description="A mesh that would have more cells is refused before it is made.")
    ] = 2_000_000
    adapt: Annotated[
        Adapt | None,
        Field(description="Solve, estimate the error and refine until one quantity is accurate enough; not if not given."),
    ] = None


class ErrorEstimate(Model):
    """How the discretisation error of every quantity is estimated."""

    method: Annotated[
        Literal["two_mesh", "none"],
        Field(
            description="`two_mesh` solves on a second, coarser mesh and compares; `none` gives no errors."
        ),
    ] = "two_mesh"
    coarsening: Annotated[
        float, Field(ge=1.2, le=3, description="Cell size of the second mesh over that of the first.")
    ] = 1.6


class SolverControl(Model):
    """Newton and linear solver."""

    tolerance: Annotated[
        float,
        Field(gt=0, le=1e-2, description="Largest relative error of a field that Newton's method may leave."),
    ] = 1e-8
    max_iterations: Annotated[
        int, Field(ge=1, le=1000, description="Newton iterations per current multiple.")
    ] = 30
    preset: Annotated[
        Literal["auto", "direct", "multigrid"],
        Field(description="Linear solver: factorisation, or Krylov method with multigrid; `auto` chooses by dimension and size."),
    ] = "auto"
    options: Annotated[
        dict[str, OptionValue],
        Field(
            description="Single PETSc options that replace those of the preset, for the solution at each current; instruments "
            "have their own."
        ),
    ] = {}  # noqa: RUF012


class Output(Model):
    """Pictures and fields."""

    map_current_multiple: Annotated[
        quantity("ratio", gt=0) | None,
        Field(description="The I/I0 whose fields are written and drawn; the largest if not given."),
    ] = None
    dpi: Annotated[int, Field(ge=50, le=1200, description="Resolution of the pictures.")] = 200
    figures: Annotated[
        bool, Field(description="Draw the maps; sweeps go without, unless told.")
    ] = True


class Materials(Model):
    """Which records are used, and single values that replace theirs."""

    core: Annotated[MaterialName, Field(description="Material of the core.")] = "si_c_composite"
    electrolyte: Annotated[MaterialName, Field(description="Material of the electrolyte.")] = "electrolyte"
    binder: Annotated[MaterialName, Field(description="Material of the film of binder on several particles.")] = "binder"
    override: Annotated[
        dict[str, dict[str, float]],
        Field(description="Material name to property name to the value that replaces that of the record.",
              json_schema_extra={"x-override": True}),
    ] = {}  # noqa: RUF012  # fmt: skip

    @field_validator("override", mode="before")
    @classmethod
    def _to_si(cls, value: Any, info: ValidationInfo) -> Any:
        """All values converted by the dimension of their property; all problems reported."""
        written = bool(info.context and info.context.get(WRITTEN))
        problems: list[Problem] = []
        result: dict[str, dict[str, float]] = {}
        if not isinstance(value, dict):
            text = f"'{shown(value)}' is not a mapping; expected {{material: {{property: value}}}}"
            raise_problems([Problem((), text)])
        for material, properties in value.items():
            if material not in material_names():
                text = unknown("material", material, material_names())
                problems.append(Problem((material,), text, at_key=True))
            elif not isinstance(properties, dict):
                text = f"'{shown(properties)}' is not a mapping; expected {{property: value}}"
                problems.append(Problem((material,), text))
            else:
                result[material] = _override(material, properties, written, problems)
        raise_problems(problems)
        return {material: values for material, values in result.items() if values}


def _override(material: str, given: dict, written: bool, problems: list[Problem]) -> dict[str, float]:
    values = {}
    for name, text in given.items():
        try:
            if name not in PROPERTIES:
                problems.append(Problem((material, name), unknown("property", name, PROPERTIES), at_key=True))
            else:
                values[name] = PROPERTIES[name].parse(text, written)
        except UnitError as error:
            problems.append(Problem((material, name), str(error)))
    return values
