"""Parameters of the growth law with their defaults, ranges and origin; ``python -m seix.activation.origins`` prints the table.

`ORIGINS` and `CONFIDENCE` of `seix.properties` say what the letters mean. Nothing in the law has been fitted to a measured SEI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seix.properties import CONFIDENCE, ORIGINS
from seix.units import DIMENSIONS, parse_quantity

PAPER = "doi:10.1039/d5ee02060c"
"""The pulses and the measurements that this law is about."""
_PEAK = f"Upper end of the {{}} peak of dI/dV over the potential, {PAPER}."


@dataclass(frozen=True)
class Parameter:
    """One parameter of the law.

    Attributes
    ----------
    key : str
        Below `sei`.
    meaning : str
    dimension : str
        Key of `seix.units.DIMENSIONS`.
    default, low, high : str
        Value and range as in a scenario.
    origin : str
        Letters of `ORIGINS` for the default.
    confidence : str
        Letter of `CONFIDENCE`.
    note : str
        Source and reason, of the range as well.
    """

    key: str
    meaning: str
    dimension: str
    default: str
    low: str
    high: str
    origin: str
    confidence: str
    note: str

    @property
    def value(self) -> float:
        """The default in SI."""
        return parse_quantity(self.default, self.dimension)

    @property
    def bounds(self) -> tuple[float, float]:
        """The range in SI."""
        return parse_quantity(self.low, self.dimension), parse_quantity(self.high, self.dimension)

    @property
    def tag(self) -> str:
        """Origin and confidence in words."""
        words = {"G": "assumed", "R": f"measured: {PAPER}", "C": f"calculated from {PAPER}", "K": ORIGINS["K"]}
        return f"{'; '.join(words[letter] for letter in self.origin)}; {CONFIDENCE[self.confidence]} confidence"

    @property
    def description(self) -> str:
        """For the schema."""
        return f"{self.meaning} [{self.tag}; {self.low} to {self.high}]"

    def as_dict(self, value: float) -> dict[str, Any]:
        """A value of the law with what is known of it, plain JSON."""
        given = abs(value - self.value) > 1e-12 * abs(self.value)
        low, high = self.bounds
        origin = "given in the scenario" if given else self.tag
        unit = DIMENSIONS[self.dimension].unit or "1"
        return {"key": self.key, "meaning": self.meaning, "value": value, "unit": unit, "low": low, "high": high,
                "origin": origin, "note": self.note}  # fmt: skip


_TABLE = (
    Parameter("cathode_potential", "Potential of the cathode against lithium", "potential", "3.43 V", "3.40 V", "3.45 V", "K",
              "H", f"Plateau of LiFePO4. The three pairs of voltages of {PAPER} all imply 3.40 V."),
    Parameter("growth.leakage", "Electronic conductivity of the film", "conductivity", "5e-9 S/m", "8.95e-14 S/m", "4.3e-6 S/m",
              "G", "L", "Chosen so that the shipped protocols give tens of nanometres. Cell models take the lower end (PyBaMM), "
              "which their authors call a fit; a LiF-rich SEI was measured at the upper one (Nano Lett. 2019, 19, 3692)."),
    Parameter("growth.initial_resistance", "Electronic area resistance of what lies on the core before", "area_resistance",
              "1 ohm m^2", "0 ohm m^2", "10 ohm m^2", "G", "L", "Native oxide and charge transfer; as much as 5 nm of film."),
    Parameter("growth.carried", "Part of the resistance of the film that is left at the next repeat", "ratio", "1", "0", "1", "G",
              "L", "1: the film stays as dense as it grew, and the law is parabolic. 0: it lets electrons through anew, and all "
              "repeats deposit the same."),
    Parameter("growth.nucleation_density", "Grains that nucleate on a unit area when a deposit begins anew", "number_per_area",
              "1e16 /m^2", "1e15 /m^2", "1e18 /m^2", "G", "L", "Nuclei 10 nm apart; at once, and whatever the overpotential."),
    Parameter("growth.packing", "Largest part of a layer that grains fill with half a gap around each", "ratio", "0.36", "0.2",
              "0.64", "G", "M", "What the packing of seix reaches with spheres in layers of a few grains; random close packing "
              "is the upper end."),
    Parameter("grains.gap", "Smallest distance of two grains, and to both sides of a layer; less where organic matter is scarce",
              "length", "0.4 nm", "0.3 nm", "1 nm", "G", "L", "About a molecule."),
    Parameter("electrode.specific_surface", "Surface of the particles of a mass of active material", "surface_per_mass",
              "5 m^2/g", "1 m^2/g", "20 m^2/g", "G", "L", "Not reported; what relates 1 A/g to 0.2 A/m2 elsewhere in seix."),
    Parameter("electrode.reversible_capacity", "Charge that comes out again in the first cycle", "charge_per_mass", "1074 mAh/g",
              "1000 mAh/g", "1250 mAh/g", "C", "M", f"86.3 % of 1244 mAh/g, {PAPER}."),
    Parameter("electrode.other_loss", "Charge lost in the first cycle by anything but the SEI", "charge_per_mass", "0 mAh/g",
              "0 mAh/g", "200 mAh/g", "G", "L", "Lithium trapped in the core, side reactions without solid products; unknown."),
    Parameter("reactions.LiFSI.onset", "Onset of the reduction of LiFSI", "potential", "1.51 V", "1.28 V", "1.51 V", "R", "M",
              _PEAK.format("first")),
    Parameter("reactions.LiFSI.electrons", "LiFSI + 2 Li+ + 2 e- = 2 LiF + dissolved rest", "ratio", "2", "1", "4", "K", "M",
              "One electron for each LiF."),
    Parameter("reactions.LiFSI.share", "Part of the charge at this onset", "ratio", "0.5", "0", "1", "G", "L",
              "Only the ratio to the share of LiNO3 counts. Half and half gives three quarters of LiF by volume."),
    Parameter("reactions.LiNO3.onset", "Onset of the reduction of LiNO3", "potential", "1.51 V", "1.28 V", "1.51 V", "R", "M",
              _PEAK.format("first")),
    Parameter("reactions.LiNO3.electrons", "LiNO3 + 8 Li+ + 8 e- = Li3N + 3 Li2O", "ratio", "8", "8", "8", "K", "M",
              f"Li2O is not counted among the products, as {PAPER} reports none; `products: {{Li3N: 1, Li2O: 3}}` counts it."),
    Parameter("reactions.LiNO3.share", "Part of the charge at this onset", "ratio", "0.5", "0", "1", "G", "L", "See LiFSI."),
    Parameter("reactions.FEC.onset", "Onset of the reduction of FEC", "potential", "1.12 V", "0.90 V", "1.12 V", "R", "M",
              _PEAK.format("second")),
    Parameter("reactions.FEC.electrons", "FEC + Li+ + e- = LiF + one unit of oligomer", "ratio", "1", "1", "4", "K", "L",
              "LiF from FEC is why its share hardly falls at 1.0 V in the XPS of the paper."),
    Parameter("reactions.DME.onset", "Onset of the reduction of DME", "potential", "0.85 V", "0.75 V", "0.85 V", "R", "M",
              _PEAK.format("third")),
    Parameter("reactions.DME.electrons", "DME + 2 Li+ + 2 e- = one unit of polymer", "ratio", "2", "1", "2", "G", "L",
              "With the molar volume of a compound of two electrons, lithium ethylene dicarbonate."),
)  # fmt: skip
PARAMETERS = {one.key: one for one in _TABLE}
"""By key."""
REACTIONS: dict[str, dict[str, Any]] = {
    "LiFSI": {"products": {"LiF": 2}}, "LiNO3": {"products": {"Li3N": 1}},
    "FEC": {"products": {"LiF": 1, "oligomer": 1}}, "DME": {"products": {"organic_polymer": 1}},
}  # fmt: skip
"""The reactions of the electrolyte of the paper as they would stand in a scenario."""
for _name, _reaction in REACTIONS.items():
    _reaction["onset"] = PARAMETERS[f"reactions.{_name}.onset"].default
    for _key in ("electrons", "share"):
        if (_one := PARAMETERS.get(f"reactions.{_name}.{_key}")) is not None:
            _reaction[_key] = _one.value


def markdown() -> str:
    """The table of docs/theory.md."""
    rows = ["| key | meaning | default | range | origin | confidence | source, reason |", "|---|---|---|---|---|---|---|"]
    for one in _TABLE:
        words = {"G": "assumed", "R": "measured", "C": "calculated", "K": "literature"}
        origin, span = ", ".join(words[letter] for letter in one.origin), f"{one.low} to {one.high}"
        cells = (f"`{one.key}`", one.meaning, one.default, span, origin, CONFIDENCE[one.confidence], one.note)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
