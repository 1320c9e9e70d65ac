"""Names that the impedance spectrum reports; resistances on the real area of core|SEI."""

from __future__ import annotations

from ..quantity_info import QuantityInfo

_OHM, _FARAD = "ohm m2", "F/m2"
_AREA = "area under the distribution of relaxation times"
IMPEDANCE_TABLE: tuple[QuantityInfo, ...] = (
    QuantityInfo(
        "impedance.low_frequency_resistance", _OHM, "resistance at zero frequency",
        "impedance between core and outer boundary of the electrolyte at zero frequency about the bias, lithium and stress held",
        True, kind="integral",
    ),
    QuantityInfo(
        "impedance.sei_resistance", _OHM, "R_SEI by its power",
        "power that a direct current dissipates in the SEI and its grain boundaries, over its square, times the area of core|SEI",
        True, label="R_SEI of the model", kind="integral",
    ),
    QuantityInfo(
        "impedance.charge_transfer_resistance", _OHM, "R_ct by its power",
        "likewise at core|SEI: charge transfer about the bias, or film; none with perfect contact", True,
        label="R_ct of the model", kind="integral",
    ),
    QuantityInfo(
        "impedance.electrolyte_resistance", _OHM, "resistance of electrolyte and binder by its power", "likewise in electrolyte "
        "and binder", kind="integral",
    ),
    QuantityInfo(
        "impedance.sei_relaxation_time", "s", "relaxation time of the SEI",
        "twice the electric energy stored in the SEI over the power dissipated there by a direct current: of layers in series "
        "the mean of permittivity over conductivity, weighted with their resistances",
        True, label="relaxation time of the SEI", kind="integral",
    ),
    QuantityInfo(
        "impedance.charge_transfer_relaxation_time", "s", "relaxation time of the charge transfer",
        "likewise of the double layer: its capacitance over the differential conductance where both are even", True,
        kind="integral",
    ),
    QuantityInfo(
        "impedance.sei_capacitance", _FARAD, "capacitance of the SEI", "its relaxation time over its resistance", kind="integral"
    ),
    QuantityInfo(
        "impedance.charge_transfer_capacitance", _FARAD, "capacitance of core|SEI", "its relaxation time over its resistance",
        kind="integral",
    ),
    QuantityInfo(
        "impedance.high_frequency_capacitance", _FARAD, "capacitance at the highest frequency",
        "-1 over the highest angular frequency and the imaginary part of the impedance there", kind="integral",
    ),
    QuantityInfo(
        "impedance.window.ohmic_resistance", _OHM, "resistance read in the window of what is called ohmic",
        f"{_AREA} between the times of `measure.impedance.windows.ohmic`",
    ),
    QuantityInfo(
        "impedance.window.sei_resistance", _OHM, "R_SEI as an instrument reads it",
        f"{_AREA} between the times of `measure.impedance.windows.sei`", label="R_SEI in its window",
    ),
    QuantityInfo(
        "impedance.window.charge_transfer_resistance", _OHM, "R_ct as an instrument reads it",
        f"{_AREA} between the times of `measure.impedance.windows.charge_transfer`", label="R_ct in its window",
    ),
    QuantityInfo(
        "impedance.window.sei_peak_time", "s", "time of the highest peak in the window of R_SEI",
        "logarithmic mean over the largest peak of the distribution in this window; missing if there is none",
    ),
    QuantityInfo(
        "impedance.window.charge_transfer_peak_time", "s", "time of the highest peak in the window of R_ct", "likewise",
    ),
    QuantityInfo(
        "impedance.window.sei_deviation", "1", "what the window of R_SEI misses",
        "resistance read in the window over that of the model, less one",
    ),
    QuantityInfo(
        "impedance.window.charge_transfer_deviation", "1", "what the window of R_ct misses", "likewise",
    ),
    QuantityInfo(
        "impedance.kramers_kronig_residual", "1", "largest distance from a spectrum that obeys Kramers and Kronig",
        "largest relative residual of a chain of seven RC elements in a decade, with resistances of either sign; noise included",
    ),
    QuantityInfo(
        "impedance.sweep_error", "1", "bound on the error of the frequency sweep",
        "largest bound, over all frequencies, on the error of the reduced network relative to the magnitude of the impedance; "
        "the mesh's error is not part of it",
    ),
)  # fmt: skip
"""In the order of the report."""
