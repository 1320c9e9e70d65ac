"""What is accepted and computed, but should be said to whoever reads the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from seix.scenario import Scenario
from seix.scenario_file import Study

MOLECULE = 0.3e-9
"""Width below which a film of matrix is thinner than a molecule [m]."""


def cautions(scenario: Scenario) -> list[str]:
    """Sentences on a valid scenario that leaves what the model can describe."""
    grains = [layer.grains for layer in scenario.sei.resolved_layers() if layer.grains is not None]
    gaps = [one.gap for one in grains if one.gap is not None]
    if not gaps or min(gaps) >= MOLECULE * (1.0 - 1e-9):
        return []
    return [
        f"grains may come as near as {min(gaps) / 1e-9:.4g} nm, less than a molecule (about {MOLECULE / 1e-9:.4g} nm): "
        "so thin a film is no continuum, read field and stress in it as trends"
    ]


def warnings(study: Study) -> Iterator[str]:
    """Lines ``warning: ...`` with the variants concerned, unless it is all of a single scenario."""
    found: dict[str, list[str]] = {}
    for name, scenario in study.members.items():
        for text in cautions(scenario):
            found.setdefault(text, []).append(name)
    for text, names in found.items():
        yield f"warning: {', '.join(names) + ': ' if len(study.members) > 1 else ''}{text}"
