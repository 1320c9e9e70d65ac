"""Names that the virtual GITT reports."""

from __future__ import annotations

from ..quantity_info import QuantityInfo

_MEAN = "mean over the pulses"
_FORMULA = "4/(pi tau) (V/S)^2 (dE_s/dE_t)^2"
GITT_TABLE: tuple[QuantityInfo, ...] = (
    QuantityInfo(
        "gitt.diffusivity.apparent",
        "m2/s",
        "diffusivity that the virtual GITT reads",
        f"{_FORMULA} with V/S of the particle, the step of the potential at the start of a pulse taken out of dE_t; {_MEAN}",
        True,
        label="D from GITT",
    ),
    QuantityInfo(
        "gitt.diffusivity.apparent_with_ir",
        "m2/s",
        "the same with the step of the potential left in",
        f"as above with dE_t from before the pulse to its end; {_MEAN}",
        True,
        label="D from GITT, IR step left in",
    ),
    QuantityInfo(
        "gitt.diffusivity.paper",
        "m2/s",
        "diffusivity as the paper evaluates it",
        f"{_FORMULA} with V/S = mass/(density area) of `gitt.electrode`, and the step as `gitt.ir_drop` says; {_MEAN}",
        True,
    ),
    QuantityInfo(
        "gitt.diffusivity.core", "m2/s", "true diffusivity of the core", "of its record, at the temperature, without stress"
    ),
    QuantityInfo(
        "gitt.diffusivity.bias",
        "1",
        "what the reading is of the true diffusivity",
        "gitt.diffusivity.apparent over gitt.diffusivity.core",
        True,
    ),
    QuantityInfo(
        "gitt.diffusivity.bias_with_ir",
        "1",
        "the same with the step of the potential left in",
        "gitt.diffusivity.apparent_with_ir over gitt.diffusivity.core",
    ),
    QuantityInfo(
        "gitt.ir_drop",
        "V",
        "step of the potential at the start of a pulse",
        f"its change from before the pulse until `gitt.ir_read_after` from its start, over SEI, interface and what diffuses "
        f"until then; {_MEAN}",
        True,
        label="IR step of GITT",
    ),
    QuantityInfo(
        "gitt.ir_drop.sei", "V", "part of the SEI in that step", "current density times sei.area_resistance", kind="integral"
    ),
    QuantityInfo(
        "gitt.diffusion_drop",
        "V",
        "change of the potential by diffusion in a pulse",
        f"dE_t: from the step at the start of the pulse to its end; {_MEAN}",
    ),
    QuantityInfo(
        "gitt.relaxed_step",
        "V",
        "change of the relaxed potential by a pulse",
        f"dE_s: from the end of the rest before the pulse to that of the rest after it; {_MEAN}",
    ),
    QuantityInfo(
        "gitt.fourier_number",
        "1",
        "duration of a pulse over the time to diffuse through the particle",
        "tau D/L^2; the formula holds up to 0.1 in a slab, and is 5 % too low at 0.001 already in a sphere",
    ),
    QuantityInfo(
        "gitt.rest_residual",
        "1",
        "what has not relaxed at the end of a rest",
        "difference of the surface to the mean concentration there over what a pulse changes the mean; largest of all rests",
    ),
    QuantityInfo(
        "gitt.unevenness",
        "1",
        "bound for what an uneven current changes",
        "(current.interface_peak - 1) P/(3L) over the rise of the surface concentration in a pulse in units of iL/(FD); P is "
        "the period of the patch, the edge of the box of several particles, or the circumference of one",
        kind="interface peak",
    ),
    QuantityInfo(
        "gitt.lithium_imbalance",
        "1",
        "error of the lithium balance in time",
        "lithium in the particle less what the current has brought, after every time step, over what a pulse brings; the largest",
    ),
    QuantityInfo("gitt.pulses", "1", "pulses that were evaluated", "fewer than asked for where the surface gets full or empty"),
)
