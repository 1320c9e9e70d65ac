"""Text to SI and back."""

import math

import pytest

from seix import units
from seix.units import DIMENSIONS, UnitError, format_si, parse_quantity, pretty_unit


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("40 nm", "length", 4e-8),
        ("0.04 um", "length", 4e-8),
        ("0.04 µm", "length", 4e-8),
        ("40nm", "length", 4e-8),
        (" 4e1  nm ", "length", 4e-8),
        ("1 %", "ratio", 0.01),
        ("0.2", "ratio", 0.2),
        ("60 deg", "angle", math.pi / 3),
        ("0.02 mA/cm2", "current_density", 0.2),
        ("0.02 mA/cm^2", "current_density", 0.2),
        ("0.02 mA cm**-2", "current_density", 0.2),
        ("20 µA/cm²", "current_density", 0.2),
        ("1e-7 S/m", "conductivity", 1e-7),
        ("1 mS/cm", "conductivity", 0.1),
        ("2.4 GPa", "stress", 2.4e9),
        ("60 ohm cm2", "area_resistance", 6e-3),
        ("9 cm^3/mol", "molar_volume", 9e-6),
        ("35 kJ/mol", "molar_energy", 35e3),
        ("-1e-6 V m^3/mol", "potential_slope", -1e-6),
    ],
)
def test_decimal_units_give_the_nearest_float(text, dimension, expected):
    assert parse_quantity(text, dimension) == expected


def test_electronvolts_are_per_particle():
    assert parse_quantity("1 eV", "molar_energy") == pytest.approx(units.FARADAY, rel=1e-10)


@pytest.mark.parametrize("symbol", sorted({*units._PREFIXABLE, *units._FIXED} - {"Ohm"}))
def test_the_table_agrees_with_pint(symbol):
    scale, _ = units._table_unit(symbol)
    registry = units._registry()
    assert registry.Quantity(1.0, symbol).to_base_units().to_root_units().magnitude == pytest.approx(
        float(scale) * (1e3 if _mass_power(symbol) else 1.0) ** _mass_power(symbol), rel=1e-12
    )


def _mass_power(symbol):
    """Pint's root unit of mass is the gram."""
    return units._table_unit(symbol)[1][1]


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("400 angstrom", "length", 4e-8),
        ("25 degC", "temperature", 298.15),
        ("4 bar", "stress", 4e5),
        ("20 A/(m*m)", "current_density", 20.0),
        ("0.5 turn", "angle", math.pi),
        ("1e-6 V*m**3/mole", "potential_slope", 1e-6),
    ],
)
def test_other_units_are_left_to_pint(text, dimension, expected):
    assert parse_quantity(text, dimension) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_the_example_of_every_dimension_is_accepted(name):
    for example in DIMENSIONS[name].example.split("' or '"):
        assert math.isfinite(parse_quantity(example, name))


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("40", "length", "'40' has no unit; expected a length such as '40 nm'"),
        ("40 nn", "length", "unknown unit 'nn'; did you mean 'nm'? expected a length such as '40 nm'"),
        ("40 qwertz", "length", "unknown unit 'qwertz'; expected a length such as '40 nm'"),
        ("40 GPa", "length", "'GPa' has another dimension; expected a length such as '40 nm'"),
        ("40 bar", "length", "'bar' has another dimension; expected a length such as '40 nm'"),
        ("nm", "length", "'nm' is not a number with a unit; expected a length such as '40 nm'"),
        ("nan nm", "length", "'nan nm' is not a number with a unit"),
        ("1e999 nm", "length", "'1e999 nm' is too large"),
        ("1e99999999999999999999 nm", "length", "too large"),
        ("1 m^99999999", "length", "expected a length"),
        ("1 (", "length", "unknown unit '('"),
        ("50 kJ", "molar_energy", "'kJ' has another dimension"),
        ("30 deg", "ratio", "'deg' has another dimension"),
        (
            "many",
            "ratio",
            "'many' is not a number; expected a number or a percentage such as '0.2' or '20 %'",
        ),
    ],
)
def test_wrong_text_says_what_is_wrong_and_what_is_allowed(text, dimension, message):
    with pytest.raises(UnitError) as error:
        parse_quantity(text, dimension)
    assert message in str(error.value)


def test_a_home_that_cannot_be_written_does_not_matter(monkeypatch):
    import pint

    real = pint.UnitRegistry

    def fail_with_cache(*args, **options):
        if options.get("cache_folder"):
            raise PermissionError("read-only")
        return real(*args, **options)

    monkeypatch.setattr(pint, "UnitRegistry", fail_with_cache)
    assert units._registry.__wrapped__().Quantity(1, "nm").to("m").magnitude == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4e-8, "m", "40 nm"),
        (999.99e-9, "m", "1 µm"),
        (1.0, "m", "1 m"),
        (0.0, "m", "0 m"),
        (-3.2e-10, "m", "-320 pm"),
        (2.4e9, "Pa", "2.4 GPa"),
        (2e6, "V/m", "2 MV/m"),
        (1e-7, "S/m", "1e-7 S/m"),
        (0.2, "A/m2", "0.2 A/m²"),
        (0.4, "ohm m2", "0.4 Ω·m²"),
        (0.26, "", "0.26"),
    ],
)
def test_si_values_for_people(value, unit, text):
    assert format_si(value, unit) == text


def test_exponents_are_raised():
    assert pretty_unit("mol m-3") == "mol·m⁻³"
