"""What an instrument sees of a structure, and what it reads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..analysis.quantity import Quantity

if TYPE_CHECKING:
    from ..analysis.progress import Progress
    from ..model import Model
    from ..parameters import Parameters
    from ..scenario import Scenario


@dataclass(frozen=True)
class Column:
    """One column of a table of readings.

    Attributes
    ----------
    name : str
        As in the file; small letters with underscores, and dots between parts, as names of quantities.
    unit : str
        SI unit, "1" for a ratio.
    values : sequence of float or str
    """

    name: str
    unit: str
    values: Sequence[float] | Sequence[str]


@dataclass
class Reading:
    """What one instrument reads on one structure; complete on rank 0, the quantities alike on all ranks.

    Attributes
    ----------
    quantities : dict of str to Quantity
        Documented names. An error that the instrument does not give itself comes from the coarser mesh, and one of the kind
        ``domain`` is added to that.
    tables : dict of str to list of Column
        Curves, such as the spectrum; columns of one table are equally long. Written as ``measured/<structure>_<name>.csv``.
    record : dict
        Anything else worth keeping, plain data.
    warnings : list of str
        Sentences about validity.
    """

    quantities: dict[str, Quantity] = field(default_factory=dict)
    tables: dict[str, list[Column]] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Specimen:
    """A structure on one mesh after its stationary solution, as instruments see it.

    Attributes
    ----------
    scenario : Scenario
    parameters : Parameters
    model : Model
        Its fields hold the solution at the last current; instruments do not change it. ``model.domains`` is the distributed mesh.
    quantities : mapping of float to mapping of str to Quantity
        Current multiple -> what the stationary solution gave, without errors.
    fine : bool
        Whether this is the mesh that is reported, not the coarser one that tells the errors.
    name : str
        Of the structure, for progress.
    progress : Progress
    """

    scenario: Scenario
    parameters: Parameters
    model: Model
    quantities: Mapping[float, Mapping[str, Quantity]]
    fine: bool
    name: str
    progress: Progress
