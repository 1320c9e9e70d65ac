"""What a computation hands over to the output: one `StructureResult` for each structure that was computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .quantity import Quantity

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh
    from ..measure.reading import Reading
    from .fieldset import CellFields


@dataclass(frozen=True)
class CaseResult:
    """One structure at one current.

    Attributes
    ----------
    current_multiple
        I/I0 [-].
    quantities
        Names of `seix.analysis.quantity.QUANTITY_TABLE` with value, unit and error.
    iterations
        Newton iterations of the finest mesh.
    residuals
        Relative residual norm before each iteration and after the last one [-].
    numerics
        Anything else worth keeping for this case (true linear residual, converged reason, ...), plain JSON.
    """

    current_multiple: float
    quantities: dict[str, Quantity]
    iterations: int = 0
    residuals: list[float] = field(default_factory=list)
    numerics: dict[str, Any] = field(default_factory=dict)


@dataclass
class StructureResult:
    """One structure at all currents.

    Attributes
    ----------
    name
        Name of the variant (or of the scenario when it has no variants).
    mesh
        Mesh in nanometres.
    cases
        In the order of the current multiples.
    fields
        Fields at the current multiple that the maps show.
    statistics
        Achieved microstructure and mesh quality, plain JSON.
    warnings
        Sentences about validity, ready to print.
    numerics
        unknowns, cells, solver options, ...; plain JSON.
    materials
        Records used, as dictionaries: name, title, kind, properties -> {value, unit, low, high, source,
        confidence, note}.
    seed
        Seed of the packing.
    mesh_file
        The mesh as a Gmsh file in metres.
    readings
        Key under `measure` -> what the instrument read; its quantities are in every case too.
    """

    name: str
    mesh: TaggedMesh
    cases: list[CaseResult]
    fields: CellFields
    statistics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    numerics: dict[str, Any] = field(default_factory=dict)
    materials: list[dict[str, Any]] = field(default_factory=list)
    seed: int | None = None
    mesh_file: Path | None = None
    readings: dict[str, Reading] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name for people: underscores become spaces."""
        return self.name.replace("_", " ")

    def case(self, current_multiple: float) -> CaseResult:
        """Case at a current multiple; KeyError when it was not computed."""
        for case in self.cases:
            if abs(case.current_multiple - current_multiple) <= 1e-9 * abs(current_multiple):
                return case
        raise KeyError(f"{self.name} was not computed at I/I0 = {current_multiple:g}")
