"""What is reported of an SEI that was grown by the model of `seix.activation`: quantities, record, and tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..activation.origins import PARAMETERS
from ..input.activation import Activation
from ..materials import MaterialLibrary
from ..properties import CONFIDENCE
from ..units import FARADAY
from .notation import display_unit, format_number
from .quantity import Quantity

if TYPE_CHECKING:
    from ..scenario import Scenario

MODEL = (
    "Grown by a model (docs/theory.md): electrons leak through a film that thickens as their charge deposits it. Most of its "
    "parameters are assumed; no structure it gives has been compared with a measured one."
)
"""Said wherever a structure of the model is described."""


def activation_quantities(scenario: Scenario) -> dict[str, Quantity]:
    """Quantities of the growth law; nothing for other structures."""
    sei = scenario.sei
    if not isinstance(sei, Activation):
        return {}
    found = sei.outcome
    values = {
        "thickness": (found.thickness, "m"),
        "layers": (len(found.grained), "1"),
        "grain_diameter": (found.diameter, "m"),
        "pulse_charge": (found.pulse_charge, "C/m2"),
        "later_charge": (found.later_charge, "C/m2"),
        "specific_charge": (sei.electrode.specific_surface * (found.pulse_charge + found.later_charge), "C/kg"),
        "coulombic_efficiency": (sei.efficiency(False), "1"),
        "total_coulombic_efficiency": (sei.efficiency(True), "1"),
    }
    known = {name: pair for name, pair in values.items() if pair[0] is not None}
    return {f"activation.{name}": Quantity(value, unit, None, "algebraic") for name, (value, unit) in known.items()}


def activation_record(scenario: Scenario) -> dict[str, Any]:
    """Entry ``activation`` for the statistics of the record, plain JSON; empty for other structures.

    Returns
    -------
    dict
        `model` (a sentence), `repeats`, `layers` (`thickness` [m], `matrix`, `matrix_purity`, `phases`, `diameter` and `gap` [m],
        `repeats`: first and last, counted from 1; that of the steps afterwards is one more than there are), `turnovers` [mol/m2]
        and `charges` [C/m2] by reaction, and `parameters` with value, range and origin.
    """
    sei = scenario.sei
    if not isinstance(sei, Activation):
        return {}
    found = sei.outcome
    layers = [
        {"thickness": layer.thickness, "matrix": layer.matrix, "matrix_purity": layer.purity, "phases": layer.phases,
         "diameter": layer.diameter, "gap": layer.gap, "repeats": [number + 1 for number in layer.cycles]}
        for layer in found.layers
    ]  # fmt: skip
    turnovers = found.turnovers
    charges = {name: amount * sei.reactions[name].electrons * FARADAY for name, amount in turnovers.items()}
    return {"activation": {"model": MODEL, "repeats": found.repeats, "layers": layers, "turnovers": turnovers, "charges": charges,
                           "parameters": [*_parameters(sei), *_molar_volumes(sei)]}}  # fmt: skip


def _parameters(sei: Activation) -> list[dict[str, Any]]:
    """All numbers of the law, with origin."""
    return [PARAMETERS[key].as_dict(one) if key in PARAMETERS else _unlisted(key, one) for key, one in sei.parameters.items()]


def _unlisted(key: str, value: float) -> dict[str, Any]:
    """A number of a reaction that has no entry in the table."""
    name = key.rpartition(".")[2]
    return {"key": key, "meaning": name, "value": value, "unit": "V" if name == "onset" else "1", "low": None, "high": None,
            "origin": "given in the scenario", "note": ""}  # fmt: skip


def _molar_volumes(sei: Activation) -> list[dict[str, Any]]:
    """Those of the products, from the records unless the scenario has others."""
    rows = []
    for name, value in sei.molar_volumes.items():
        known = MaterialLibrary().record(name).properties.get("molar_volume")
        row = {"key": f"molar_volumes.{name}", "meaning": "molar volume", "value": value, "unit": "m3/mol"}
        if known is None or known.value != value:
            rows.append(row | {"low": None, "high": None, "origin": "given in the scenario", "note": ""})
        else:
            origin = f"{known.origin_text}; {CONFIDENCE[known.confidence]} confidence"
            rows.append(row | {"low": known.low, "high": known.high, "origin": origin, "note": known.note})
    return rows


def activation_tables(statistics: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the report shows of the entry of a record: sentence, layers and parameters as rows of text; None without one."""
    found = statistics.get("activation")
    if found is None:
        return None
    layers = [_layer_row(number, layer, found["repeats"]) for number, layer in enumerate(found["layers"], 1)]
    charges = found["charges"].items()
    reactions = [[name, format_number(charge), f"{1e6 * found['turnovers'][name]:.3g}"] for name, charge in charges]
    parameters = [
        [one["key"], one["meaning"], f"{one['value']:.4g}", "" if one["unit"] == "1" else one["unit"],
         "" if one["low"] is None else f"{one['low']:.3g} to {one['high']:.3g}", one["origin"], one["note"]]
        for one in found["parameters"]
    ]  # fmt: skip
    return {"model": found["model"], "layers": layers, "reactions": reactions, "parameters": parameters}


def _layer_row(number: int, layer: Mapping[str, Any], repeats: int) -> list[str]:
    first, last = layer["repeats"]
    ends = [str(first) if first <= repeats else "afterwards", str(last) if last <= repeats else "afterwards"]
    grains = [f"{100 * part:.3g} % {name}" for name, part in layer["phases"].items()]
    lengths = []
    for value in (layer["thickness"], layer["diameter"]):
        factor, unit = display_unit("m", value)
        lengths.append(f"{value / factor:.3g} {unit}" if value else "")
    matrix = f"{layer['matrix'].replace('_', ' ')} ({100 * layer['matrix_purity']:.0f} % of the organic matter)"
    return [str(number), " to ".join(dict.fromkeys(ends)), lengths[0], ", ".join(grains), lengths[1], matrix]
