"""What is accepted and computed, but should be said to whoever reads the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from seix.activation.origins import PARAMETERS
from seix.input.activation import Activation
from seix.scenario import Scenario
from seix.scenario_file import Study

MOLECULE = 0.3e-9
"""Width below which a film of matrix is thinner than a molecule [m]."""


def cautions(scenario: Scenario) -> list[str]:
    """Sentences on a valid scenario that leaves what the model can describe."""
    grains = [layer.grains for layer in scenario.sei.resolved_layers() if layer.grains is not None]
    gaps = [one.gap for one in grains if one.gap is not None]
    found = list(_of_growth(scenario.sei)) if isinstance(scenario.sei, Activation) else []
    if gaps and min(gaps) < MOLECULE * (1.0 - 1e-9):
        found.append(
            f"grains may come as near as {min(gaps) / 1e-9:.4g} nm, less than a molecule (about {MOLECULE / 1e-9:.4g} nm): "
            "so thin a film is no continuum, read field and stress in it as trends"
        )
    return found


def _of_growth(sei: Activation) -> Iterator[str]:
    """What the growth law is asked for beyond what is known of it, and layers that it could not divide."""
    for key, value in sei.parameters.items():
        if key in PARAMETERS and not PARAMETERS[key].bounds[0] * (1 - 1e-9) <= value <= PARAMETERS[key].bounds[1] * (1 + 1e-9):
            one = PARAMETERS[key]
            yield f"sei.{key} is outside of what is known of it, {one.low} to {one.high}: {one.note}"
    crowded = [layer.cycles for layer in sei.outcome.layers if layer.crowded]
    if crowded:
        which = ", ".join(f"{first + 1} to {last + 1}" for first, last in crowded)
        yield (
            f"repeats {which} are one layer each although it is thicker than its grains: there is too little organic matter to "
            "keep them apart at this growth.packing"
        )


def warnings(study: Study) -> Iterator[str]:
    """Lines ``warning: ...`` with the variants concerned, unless it is all of a single scenario."""
    found: dict[str, list[str]] = {}
    for name, scenario in study.members.items():
        for text in cautions(scenario):
            found.setdefault(text, []).append(name)
    for text, names in found.items():
        yield f"warning: {', '.join(names) + ': ' if len(study.members) > 1 else ''}{text}"
