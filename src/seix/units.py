"""Text such as ``"40 nm"`` to SI floats, and SI floats to text people read.

The units this subject speaks (prefixed SI units, eV, degrees, hours, per cent) are understood by a small
table in exact decimal arithmetic, so that ``40 nm`` and ``0.04 um`` are the same float. Any other unit goes
to pint, which costs 0.4 s of start-up and is therefore imported only when the table does not know a symbol.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from dataclasses import dataclass
from decimal import Decimal

from seix.input.words import shown

AVOGADRO = 6.02214076e23
"""Avogadro constant [1/mol], exact by definition of the mole."""
FARADAY = 96485.33212331
"""Faraday constant [C/mol], e * N_A."""
GAS_CONSTANT = 8.31446261815324
"""Molar gas constant [J/(mol K)], k_B * N_A."""


class UnitError(ValueError):
    """A text is not a quantity of the expected dimension; str(e) is ``what is wrong; what is allowed``."""


@dataclass(frozen=True)
class Dimension:
    """A physical dimension a quantity may be asked to have.

    Attributes
    ----------
    noun : str
        What people call it, with article, for messages.
    unit : str
        The SI unit values are converted to, in the notation of this module (``A/m2``).
    example : str
        A text that would be accepted.
    """

    noun: str
    unit: str
    example: str

    @property
    def expected(self) -> str:
        """What is allowed, as the end of an error message."""
        return f"expected {self.noun} such as '{self.example}'"


DIMENSIONS = {
    "length": Dimension("a length", "m", "40 nm"),
    "temperature": Dimension("a temperature", "K", "298.15 K"),
    "angle": Dimension("an angle", "rad", "60 deg"),
    "potential": Dimension("a potential", "V", "0.1 V"),
    "current_density": Dimension("a current density", "A/m2", "0.2 A/m^2"),
    "area_resistance": Dimension("an area resistance", "ohm m2", "0.01 ohm m^2"),
    "potential_slope": Dimension("a potential per concentration", "V m3/mol", "-1e-6 V m^3/mol"),
    "stress": Dimension("a stress", "Pa", "2.4 GPa"),
    "surface_energy": Dimension("an energy per area", "J/m2", "50 mJ/m^2"),
    "conductivity": Dimension("a conductivity", "S/m", "1e-7 S/m"),
    "molar_energy": Dimension("an energy per mole or per particle", "J/mol", "0.45 eV"),
    "molar_volume": Dimension("a molar volume", "m3/mol", "9 cm^3/mol"),
    "diffusivity": Dimension("a diffusivity", "m2/s", "1e-14 m^2/s"),
    "concentration": Dimension("a concentration", "mol/m3", "1e5 mol/m^3"),
    "time": Dimension("a time", "s", "60 s"),
    "number_per_area": Dimension("a number on an area", "1/m2", "1e16 /m^2"),
    "surface_per_mass": Dimension("a surface of a mass", "m2/kg", "5 m^2/g"),
    "charge_per_mass": Dimension("a charge of a mass", "C/kg", "1074 mAh/g"),
    "frequency": Dimension("a frequency", "Hz", "10 kHz"),
    "areal_capacitance": Dimension("a capacitance per area", "F/m2", "0.2 F/m^2"),
    "area": Dimension("an area", "m2", "1.13 cm^2"),
    "mass": Dimension("a mass", "kg", "3.4 mg"),
    "density": Dimension("a density", "kg/m3", "2.2 g/cm^3"),
    "ratio": Dimension("a number or a percentage", "", "0.2' or '20 %"),
}

# exponents of (m, kg, s, A, K, mol, rad); rad is kept apart so that an angle cannot pass as a ratio
_BASE = ("m", "kg", "s", "A", "K", "mol", "rad")
_Powers = tuple[int, ...]
_PREFIX = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "c": -2, "d": -1, "": 0,
           "k": 3, "M": 6, "G": 9, "T": 12}  # fmt: skip
_PREFIXABLE: dict[str, tuple[str, _Powers]] = {
    "m": ("1", (1, 0, 0, 0, 0, 0, 0)),
    "g": ("1e-3", (0, 1, 0, 0, 0, 0, 0)),
    "s": ("1", (0, 0, 1, 0, 0, 0, 0)),
    "A": ("1", (0, 0, 0, 1, 0, 0, 0)),
    "K": ("1", (0, 0, 0, 0, 1, 0, 0)),
    "mol": ("1", (0, 0, 0, 0, 0, 1, 0)),
    "rad": ("1", (0, 0, 0, 0, 0, 0, 1)),
    "V": ("1", (2, 1, -3, -1, 0, 0, 0)),
    "C": ("1", (0, 0, 1, 1, 0, 0, 0)),
    "Ah": ("3600", (0, 0, 1, 1, 0, 0, 0)),
    "F": ("1", (-2, -1, 4, 2, 0, 0, 0)),
    "S": ("1", (-2, -1, 3, 2, 0, 0, 0)),
    "ohm": ("1", (2, 1, -3, -2, 0, 0, 0)),
    "Ohm": ("1", (2, 1, -3, -2, 0, 0, 0)),
    "Ω": ("1", (2, 1, -3, -2, 0, 0, 0)),
    "Pa": ("1", (-1, 1, -2, 0, 0, 0, 0)),
    "N": ("1", (1, 1, -2, 0, 0, 0, 0)),
    "J": ("1", (2, 1, -2, 0, 0, 0, 0)),
    "W": ("1", (2, 1, -3, 0, 0, 0, 0)),
    "eV": ("1.602176634e-19", (2, 1, -2, 0, 0, 0, 0)),
    "Hz": ("1", (0, 0, -1, 0, 0, 0, 0)),
}
_FIXED: dict[str, tuple[str, _Powers]] = {
    "%": ("0.01", (0,) * 7),
    "h": ("3600", (0, 0, 1, 0, 0, 0, 0)),
    "min": ("60", (0, 0, 1, 0, 0, 0, 0)),
    "deg": (repr(math.pi / 180), (0, 0, 0, 0, 0, 0, 1)),
    "°": (repr(math.pi / 180), (0, 0, 0, 0, 0, 0, 1)),
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)
_FACTOR = re.compile(r"\s*([*/·]?)\s*([A-Za-zµμΩ°%]+)(?:(?:\^|\*\*)?([+-]?\d+))?")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class _UnknownSymbol(Exception):
    """The table does not know a symbol or the notation; pint may."""


@functools.cache
def _symbol(text: str) -> tuple[Decimal, _Powers]:
    if text in _FIXED:
        scale, powers = _FIXED[text]
        return Decimal(scale), powers
    for cut in (0, 1):
        if text[:cut] in _PREFIX and text[cut:] in _PREFIXABLE:
            scale, powers = _PREFIXABLE[text[cut:]]
            return Decimal(scale).scaleb(_PREFIX[text[:cut]]), powers
    raise _UnknownSymbol(text)


@functools.cache
def _table_unit(text: str) -> tuple[Decimal, _Powers]:
    """Scale to SI and exponents of a unit; products and quotients from left to right, as pint reads them."""
    scale, powers, position = Decimal(1), (0,) * len(_BASE), 0
    text = text.translate(_SUPERSCRIPT)
    if text.startswith("1/"):
        text = text[1:]
    while position < len(text):
        match = _FACTOR.match(text, position)
        if match is None:
            raise _UnknownSymbol(text)
        operator, symbol, exponent = match.groups()
        power = int(exponent or 1) * (-1 if operator == "/" else 1)
        factor, factor_powers = _symbol(symbol)
        scale *= factor**power
        powers = tuple(a + power * b for a, b in zip(powers, factor_powers, strict=True))
        position = match.end()
    return scale, powers


@functools.cache
def _registry():
    """Pint's registry, from its cache where the home folder can be written."""
    import pint

    try:
        return pint.UnitRegistry(cache_folder=":auto:")
    except Exception:  # a home folder that cannot be written must not stop anybody
        return pint.UnitRegistry()


def _pint_convert(number: float, unit: str, dimension: Dimension) -> float:
    registry = _registry()
    try:
        quantity = registry.Quantity(number, registry.parse_units(unit))
    except Exception:  # pint raises a dozen kinds on text that is no unit
        raise UnitError(f"unknown unit '{shown(unit)}';{_near(unit)} {dimension.expected}") from None
    target = re.sub(r"(?<=[a-z])(\d)", r"**\1", dimension.unit).replace(" ", "*") or "dimensionless"
    try:
        return float(quantity.to(target).magnitude)
    except Exception:  # another dimension, an offset unit inside a product, an overflow
        raise UnitError(f"'{shown(unit)}' has another dimension; {dimension.expected}") from None


def _near(unit: str) -> str:
    known = ["nm", "um", "mm", "cm", "m", "K", "deg", "rad", "V", "mV", "Pa", "kPa", "MPa", "GPa", "S/m",
             "S/cm", "A/m2", "mA/cm2", "ohm m2", "ohm cm2", "mol/m3", "cm3/mol", "m3/mol", "m2/s", "eV",
             "kJ/mol", "J/mol", "s", "Hz", "F/m2", "%"]  # fmt: skip
    lower = {name.lower(): name for name in known}
    match = difflib.get_close_matches(unit.lower(), lower, n=1, cutoff=0.5)
    return f" did you mean '{lower[match[0]]}'?" if match else ""


def parse_quantity(text: str, dimension: str) -> float:
    """Convert a text with unit to an SI float.

    Parameters
    ----------
    text : str
        Number and unit, ``"40 nm"``, ``"0.2 A/m^2"``, ``"1 %"``, ``"25 degC"``.
    dimension : str
        A key of `DIMENSIONS`. ``molar_energy`` also takes electronvolt per particle.

    Returns
    -------
    float
        The value in ``DIMENSIONS[dimension].unit``, correctly rounded for decimal units.

    Raises
    ------
    UnitError
        Not a number, no unit, unknown unit, or a unit of another dimension.
    """
    return _parse(text, DIMENSIONS[dimension])


def parse_in(text: str, unit: str) -> float:
    """The same for a quantity that has this SI unit, ``"4 kV/m"`` in ``V/m`` for example; ``""`` and ``"1"`` for a ratio.

    Raises
    ------
    UnitError
    """
    unit = "" if unit == "1" else unit
    known = next((one for one in DIMENSIONS.values() if one.unit == unit), None)
    return _parse(text, known or Dimension(f"a quantity in {unit}", unit, f"1 {unit}"))


def powers_of(unit: str) -> _Powers:
    """Exponents of m, kg, s, A, K, mol and rad of a unit such as ``A/m2``; all zero for ``""``, ``1`` and ``%``.

    Raises
    ------
    UnitError
    """
    try:
        return _table_unit("" if unit == "1" else unit)[1]
    except _UnknownSymbol:
        raise UnitError(f"unknown unit '{shown(unit)}';{_near(unit)} expected one such as GPa, S/m or ohm m2") from None


def parse_any(text: str) -> tuple[float, _Powers]:
    """SI value and exponents of the base units of a text with any unit, or none: ``"12.5 GPa"``, ``"2.45"``.

    Raises
    ------
    UnitError
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(f"'{shown(text)}' is not a number with a unit; expected one such as 12.5 GPa")
    number, unit = match.groups()
    powers = powers_of(unit)
    try:
        value = float(Decimal(number) * _table_unit(unit)[0])
    except ArithmeticError:  # beyond even the range of Decimal
        value = math.inf
    if not math.isfinite(value):
        raise UnitError(f"'{shown(text)}' is too large for a number")
    return value, powers


def _parse(text: str, wanted: Dimension) -> float:
    given = shown(text)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(f"'{given}' is not a number{' with a unit' * bool(wanted.unit)}; {wanted.expected}")
    number, unit = match.groups()
    if re.match(r",\d", unit):
        raise UnitError(f"'{given}' has a comma; write a point before decimals, such as '{number}.{shown(unit[1:])}'")
    if not unit and wanted.unit:
        raise UnitError(f"'{given}' has no unit; {wanted.expected}")
    try:
        value = _convert(Decimal(number), unit, wanted)
    except ArithmeticError:  # beyond even the range of Decimal
        value = math.inf
    if not math.isfinite(value):
        raise UnitError(f"'{given}' is too large for a number; {wanted.expected}")
    return value


def _convert(number: Decimal, unit: str, wanted: Dimension) -> float:
    try:
        scale, powers = _table_unit(unit)
    except _UnknownSymbol:
        return _pint_convert(float(number), unit, wanted)
    if wanted is DIMENSIONS["molar_energy"] and re.fullmatch(r"[mk]?eV", unit):
        # only electronvolts are read as energy per particle: '50 kJ' is far more likely a forgotten '/mol'
        return float(number * scale) * AVOGADRO
    if powers != _table_unit(wanted.unit)[1]:
        raise UnitError(f"'{shown(unit)}' has another dimension; {wanted.expected}")
    return float(number * scale)


_HUMAN_PREFIX = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_WITH_PREFIX = {"m", "s", "A", "V", "Pa", "N", "J", "W", "F", "V/m", "J/m2", "N/m"}


def pretty_unit(unit: str) -> str:
    """Unit with raised exponents and a middle dot, for tables and axes: ``A/m2`` to ``A/m²``."""
    raised = re.sub(r"(?<=[A-Za-z])(-?\d)", lambda match: match[1].translate(_RAISED), unit)
    return raised.replace("ohm", "Ω").replace(" ", "·")


def format_si(value: float, unit: str, digits: int = 4) -> str:
    """An SI value with the prefix people expect: ``format_si(4e-8, "m")`` is ``"40 nm"``.

    Parameters
    ----------
    value : float
        Value in `unit`.
    unit : str
        SI unit in the notation of this module; prefixes go only to units that are commonly used with them
        (``1e-7 S/m`` stays as it is).
    digits : int
        Significant digits.
    """
    exponent = 0
    if unit in _WITH_PREFIX and value and math.isfinite(value):
        # rounded first, so that 999.99 nm at three digits becomes 1 µm and not 1e+03 nm
        rounded = float(f"{value:.{digits - 1}e}")
        exponent = max(-15, min(12, 3 * math.floor(math.log10(abs(rounded)) / 3 + 1e-12)))
    number = f"{value / 10.0**exponent:.{digits}g}"
    number = re.sub(r"e([+-])0*(\d)", lambda m: "e" + m[1].replace("+", "") + m[2], number)
    return f"{number} {_HUMAN_PREFIX[exponent]}{pretty_unit(unit)}".rstrip()
