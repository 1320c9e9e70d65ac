"""Saves structures that the growth law makes as plain lists of layers, which give the same meshes without the law."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from seix.errors import InputError
from seix.input.activation import Activation
from seix.input.grains import ResolvedLayer
from seix.scenario import Scenario
from seix.scenario_file import Study

_HEAD = """\
# Layers of {name}, written by `seix layers`: what its protocol and growth law come to, without either.
# Lengths have all their digits, so that the mesh is the same to the last bit.
"""


def layers_text(study: Study) -> str:
    """The study as a scenario file in which every `structure: activation` is a list of layers.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        YAML without `extends`; a comparison has the same variants.

    Raises
    ------
    InputError
        If no member was grown by the growth law.
    """
    if not any(isinstance(scenario.sei, Activation) for scenario in study.members.values()):
        raise InputError(f"{study.path}: has no structure: activation; its layers are in the file itself")
    members = {name: _with_layers(study.merged[name], scenario) for name, scenario in study.members.items()}
    if not study.is_comparison:
        return _HEAD.format(name=study.path.name) + _yaml(next(iter(members.values())))
    first = next(iter(members.values()))
    shared = {key: value for key, value in first.items() if all(one.get(key) == value for one in members.values())}
    variants = {name: {k: v for k, v in one.items() if k not in shared} or None for name, one in members.items()}
    document = {"title": study.title} | shared | {"variants": variants}
    return _HEAD.format(name=study.path.name) + _yaml(document)


def _with_layers(merged: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    """The merged input of a member with its layers spelled out."""
    sei = scenario.sei
    if not isinstance(sei, Activation):
        return merged
    layers = [_layer(layer) for layer in sei.resolved_layers()]
    plain = {"structure": "layers", "thickness": _length(sei.thickness), "matrix": sei.matrix, "layers": layers}
    return {key: plain if key == "sei" else value for key, value in merged.items()}


def _layer(layer: ResolvedLayer) -> dict[str, Any]:
    entry: dict[str, Any] = {"thickness": _length(layer.thickness), "matrix": layer.matrix}
    if layer.grains is None:
        return entry
    grains: dict[str, Any] = {"diameter": _length(layer.grains.diameter), "spread": layer.grains.spread,
                              "gap": _length(layer.grains.gap), "shape": layer.grains.shape}  # fmt: skip
    if layer.grains.shape == "cellular":
        grains["rounding"] = layer.grains.rounding
    return entry | {"phases": dict(layer.phases), "grains": grains}


def _length(metres: float) -> str:
    """A length in nanometres with all its digits: read again, it is the same number."""
    return f"{Decimal(repr(metres)).scaleb(9):f} nm"


def _yaml(document: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.sort_base_mapping_type_on_output, writer.width = False, False, 120
    writer.allow_unicode = True
    stream = io.StringIO()
    writer.dump(document, stream)
    return stream.getvalue()
