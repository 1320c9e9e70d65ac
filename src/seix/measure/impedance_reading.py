"""Numbers and curves from a spectrum: what the model knows, and what an instrument would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..analysis.notation import display_unit, format_number
from ..analysis.quantity import Quantity
from ..input.measure.impedance import Impedance
from .kramers_kronig import kramers_kronig_residual
from .reading import Column, Reading
from .relaxation_times import RESAMPLES, Distribution, invert

OHM = "ohm m2"
WORDS = {"sei": "R_SEI", "charge_transfer": "R_ct"}
"""Windows whose resistance the model knows too."""
MISSED = 0.1
"""Relative deviation of a window from the model from which it is a warning."""

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """Impedance of a structure.

    Attributes
    ----------
    omega : ndarray
        Angular frequencies, rad/s, ascending.
    exact, measured : ndarray
        Without and with the noise of the instrument, ohm m2 on the area of core|SEI.
    bound : ndarray
        On the error of `exact` by the sweep, relative to its magnitude.
    parts : dict of str to ndarray
        Impedance of SEI, electrolyte, core and interface, whose sum is `exact`.
    at_rest : dict of str to (float, float)
        Of each part at zero frequency: resistance in ohm m2, and resistance times relaxation time.
    times, resistances : ndarray
        Chain of RC elements that is equal to `exact`, s and ohm m2.
    seed : list of int
        Of random numbers.
    """

    omega: Real
    exact: Complex
    measured: Complex
    bound: Real
    parts: Mapping[str, Complex]
    at_rest: Mapping[str, tuple[float, float]]
    times: Real
    resistances: Real
    seed: Sequence[int]

    @property
    def frequency(self) -> Real:
        """Hz."""
        return self.omega / (2.0 * np.pi)


def reading_of(spectrum: Spectrum, section: Impedance, law: str, fine: bool) -> Reading:
    """Reading of a spectrum.

    Parameters
    ----------
    spectrum : Spectrum
    section : Impedance
    law : str
        Of core|SEI.
    fine : bool
        Whether the tables are wanted, whose bands take a while.
    """
    noisy = section.noise is not None and fine
    found = invert(spectrum.omega, spectrum.measured, RESAMPLES if fine else 0, sum(spectrum.seed))
    windows = {name: tuple(getattr(section.windows, name)) for name in type(section.windows).model_fields}
    quantities = _of_model(spectrum, law) | _of_windows(found, windows, noisy)
    reading = Reading(quantities)
    residual = kramers_kronig_residual(spectrum.omega, spectrum.measured)
    quantities["impedance.kramers_kronig_residual"] = Quantity(float(residual.max()), "1", None, "algebraic")
    quantities["impedance.sweep_error"] = Quantity(float(spectrum.bound.max()), "1", None, "algebraic")
    for name, word in WORDS.items():
        known, read = quantities.get(f"impedance.{name}_resistance"), quantities[f"impedance.window.{name}_resistance"]
        if known is None:
            continue
        deviation = read.value / known.value - 1.0
        error = read.error / known.value if noisy and read.error is not None else None
        quantities[f"impedance.window.{name}_deviation"] = Quantity(deviation, "1", error, read.error_kind)
        if abs(deviation) > MISSED:
            reading.warnings.append(_missed(word, windows[name], read, known, quantities[f"impedance.{name}_relaxation_time"]))
    reading.warnings += _beyond(spectrum, windows)
    if fine:
        reading.tables = _tables(spectrum, found, windows)
        reading.record = {
            "regularisation": found.weight,
            "misfit": found.misfit,
            "windows_s": {name: list(pair) for name, pair in windows.items()},
            "seed": list(spectrum.seed),
        }
    return reading


def _of_model(spectrum: Spectrum, law: str) -> dict[str, Quantity]:
    """What the model knows: resistances by dissipation, times by stored over dissipated energy."""
    quantities = {
        "low_frequency_resistance": Quantity(sum(r for r, _ in spectrum.at_rest.values()), OHM),
        "electrolyte_resistance": Quantity(spectrum.at_rest["electrolyte"][0], OHM),
        "high_frequency_capacitance": Quantity(float(-1.0 / (spectrum.omega[-1] * spectrum.exact[-1].imag)), "F/m2"),
    }
    for part, name in (("sei", "sei"), ("interface", "charge_transfer")):
        if part == "interface" and law == "perfect_contact":
            continue
        resistance, product = spectrum.at_rest[part]
        quantities[f"{name}_resistance"] = Quantity(resistance, OHM)
        quantities[f"{name}_relaxation_time"] = Quantity(product / resistance, "s")
        quantities[f"{name}_capacitance"] = Quantity(product / resistance**2, "F/m2")
    return {f"impedance.{name}": quantity for name, quantity in quantities.items()}


def _of_windows(found: Distribution, windows: Mapping[str, tuple[float, float]], noisy: bool) -> dict[str, Quantity]:
    """What an instrument tells: areas of the distribution in the windows, and the times of the highest peaks in them."""
    quantities = {}

    def add(name: str, value: float, unit: str, band: tuple[float, float]):
        # nothing is known of a peak that refits with less smoothing do not have
        known = noisy and bool(np.isfinite(band).all())
        error, kind = (max(band[1] - value, value - band[0]), "resampled") if known else (None, None)
        quantities[f"impedance.window.{name}"] = Quantity(value, unit, error, kind)

    for name, window in windows.items():
        add(f"{name}_resistance", found.between(*window), OHM, found.band(found.within(*window)))
        inside = [peak for peak in found.peaks() if window[0] <= peak.time < window[1]]
        if name in WORDS and inside:
            highest = max(inside, key=lambda peak: peak.resistance)
            add(f"{name}_peak_time", highest.time, "s", found.time_band(highest))
    return quantities


def _missed(word: str, window: tuple[float, float], read: Quantity, known: Quantity, time: Quantity) -> str:
    factor, unit = display_unit(OHM, known.value)  # unit and digits of the printed table
    held, whole = (f"{format_number(one.value / factor)} {unit}" for one in (read, known))
    return (
        f"impedance: the window of {word}, {window[0]:g} to {window[1]:g} s, holds {held}, but {word} is {whole} with a "
        f"relaxation time of {time.value:.2g} s"
    )


def _beyond(spectrum: Spectrum, windows: Mapping[str, tuple[float, float]]) -> list[str]:
    """Windows of which the frequencies see a part only, or nothing."""
    fastest, slowest = 1.0 / spectrum.omega[-1], 1.0 / spectrum.omega[0]
    return [
        f"impedance: measure.impedance.windows.{name}, {first:g} to {last:g} s, reaches beyond the relaxation times that the "
        f"frequencies tell, {fastest:.2g} to {slowest:.2g} s"
        for name, (first, last) in windows.items()
        if first < fastest or last > slowest
    ]


def _tables(spectrum: Spectrum, found: Distribution, windows: Mapping[str, tuple[float, float]]) -> dict[str, list[Column]]:
    """Spectrum, distribution, peaks, windows, and the chain of RC elements of the model."""
    columns = [Column("frequency", "Hz", spectrum.frequency), Column("real", OHM, spectrum.measured.real)]
    columns.append(Column("imaginary", OHM, spectrum.measured.imag))
    if spectrum.measured is not spectrum.exact:
        columns += [Column("real.without_noise", OHM, spectrum.exact.real)]
        columns += [Column("imaginary.without_noise", OHM, spectrum.exact.imag)]
    for part, values in spectrum.parts.items():
        columns += [Column(f"{part}.real", OHM, values.real), Column(f"{part}.imaginary", OHM, values.imag)]
    columns.append(Column("sweep_error", OHM, spectrum.bound * np.abs(spectrum.exact)))
    each = np.eye(len(found.times)) / found.step
    bands = np.array([found.band(one) for one in each])
    peaks = found.peaks()
    ranges = [found.band(_indicator(found, peak.first, peak.last)) for peak in peaks]
    inside = {name: found.band(found.within(*pair)) for name, pair in windows.items()}
    keep = spectrum.resistances > 0.0
    return {
        "impedance_spectrum": columns,
        "impedance_drt": [
            Column("relaxation_time", "s", found.times),
            Column("density", OHM, found.density),
            Column("density.low", OHM, bands[:, 0]),
            Column("density.high", OHM, bands[:, 1]),
        ],
        "impedance_peaks": [
            Column("relaxation_time", "s", [peak.time for peak in peaks]),
            Column("resistance", OHM, [peak.resistance for peak in peaks]),
            Column("resistance.low", OHM, [low for low, _ in ranges]),
            Column("resistance.high", OHM, [high for _, high in ranges]),
            Column("capacitance", "F/m2", [peak.capacitance for peak in peaks]),
        ],
        "impedance_windows": [
            Column("window", "1", list(windows)),
            Column("from", "s", [pair[0] for pair in windows.values()]),
            Column("to", "s", [pair[1] for pair in windows.values()]),
            Column("resistance", OHM, [found.between(*pair) for pair in windows.values()]),
            Column("resistance.low", OHM, [low for low, _ in inside.values()]),
            Column("resistance.high", OHM, [high for _, high in inside.values()]),
            Column("resistance.model", OHM, [_lines(spectrum, *pair) for pair in windows.values()]),
        ],
        "impedance_relaxations": [
            Column("relaxation_time", "s", spectrum.times[keep]),
            Column("resistance", OHM, spectrum.resistances[keep]),
        ],
    }  # fmt: skip


def _indicator(found: Distribution, first: int, last: int) -> Real:
    part = np.zeros(len(found.times))
    part[first : last + 1] = 1.0
    return part


def _lines(spectrum: Spectrum, first: float, last: float) -> float:
    """Resistance of the RC elements of the model between two times."""
    return float(spectrum.resistances[(spectrum.times >= first) & (spectrum.times < last)].sum())
