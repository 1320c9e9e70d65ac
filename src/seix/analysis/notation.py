"""Numbers as people read them: sensible prefixes, as many digits as the error allows."""

from __future__ import annotations

import math

from ..units import FARADAY

#: SI unit -> (factor, unit for people), largest first
PREFIXES: dict[str, tuple[tuple[float, str], ...]] = {
    "Pa": ((1e9, "GPa"), (1e6, "MPa"), (1e3, "kPa"), (1.0, "Pa")),
    "V": ((1.0, "V"), (1e-3, "mV"), (1e-6, "µV")),
    "V/m": ((1e9, "GV/m"), (1e6, "MV/m"), (1e3, "kV/m"), (1.0, "V/m")),
    "m": ((1.0, "m"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm")),
    "ohm m2": ((1.0, "Ω m²"), (1e-4, "Ω cm²"), (1e-7, "mΩ cm²")),
    "mol/m3": ((1e3, "kmol/m³"), (1.0, "mol/m³")),
    "A/m2": ((1.0, "A/m²"), (1e-3, "mA/m²")),
    "A/m": ((1.0, "A/m"), (1e-3, "mA/m"), (1e-6, "µA/m"), (1e-9, "nA/m"), (1e-12, "pA/m")),
    "J/m": ((1.0, "J/m"), (1e-3, "mJ/m"), (1e-6, "µJ/m"), (1e-9, "nJ/m"), (1e-12, "pJ/m")),
    "N": ((1.0, "N"), (1e-3, "mN"), (1e-6, "µN"), (1e-9, "nN"), (1e-12, "pN")),
    "J/mol": ((FARADAY, "eV"),),
    "1": ((1.0, ""),),
}


def display_unit(unit: str, magnitude: float) -> tuple[float, str]:
    """Factor and name of the unit in which a number of this magnitude reads well.

    Returns
    -------
    (factor, name): divide the SI value by factor.
    """
    choices = PREFIXES.get(unit, ((1.0, unit),))
    for factor, name in choices:
        if abs(magnitude) >= factor * 0.9999999:
            return factor, name
    return choices[-1] if magnitude else choices[0]


def format_number(value: float, error: float | None = None) -> str:
    """A number with its error: "4.92 ± 0.05", "10.5 ± 0.13", or four digits of the value without an error.

    The error gets one digit, two when it starts with 1, but none behind the fifth of the value. Very small or large numbers
    share one exponent: "(1.0378 ± 0.0001)e-07". Errors far below the digits of the value have one of their own:
    "0.28000 ± 3e-11", "1.0378e-07 ± 3e-18".
    """
    if value == 0 and not error:
        return "0"
    exponent = math.floor(math.log10(max(abs(value), error or 0.0)))
    if not -4 < exponent < 6:
        inner = format_number(value / 10.0**exponent, None if error is None else error / 10.0**exponent)
        number, _, uncertain = inner.partition(" ± ")
        if error and "e" in uncertain:
            return f"{number}e{exponent:+03d} ± {error:.0e}"
        return f"({inner})e{exponent:+03d}" if uncertain else f"{inner}e{exponent:+03d}"
    if not error:
        return f"{value:.{max(0, 3 - exponent)}f}" + ("" if error is None else " ± 0")
    leading = math.floor(math.log10(error))
    decimals = max(0, -leading + (1 if error < 2 * 10.0**leading else 0))
    most = max(0, 4 - exponent)  # more than five digits of the value say nothing to a reader
    if decimals > most and error < 0.5 * 10.0**-most:
        return f"{value:.{most}f} ± {error:.0e}"
    decimals = min(decimals, most)
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"


def format_length(nanometres: float) -> str:
    """A length with three digits: "7.5 nm", "1.2 µm"."""
    return f"{nanometres:.3g} nm" if abs(nanometres) < 1000 else f"{nanometres / 1000:.3g} µm"
