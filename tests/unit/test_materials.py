"""Material records."""

import math

import pytest

from seix.errors import InputError
from seix.input.needs import CORE, ELASTIC
from seix.materials import REFERENCE_TEMPERATURE, MaterialLibrary, read_record
from seix.properties import PROPERTIES
from seix.units import FARADAY, GAS_CONSTANT

LIBRARY = MaterialLibrary()
NAMES = {
    "LiF", "Li3N", "Li2O", "Li2CO3", "organic_polymer", "oligomer", "si_c_composite", "amorphous_si", "carbon",
    "electrolyte", "grain_boundary",
}  # fmt: skip


def test_the_library_has_the_materials_of_the_subject():
    assert set(LIBRARY.names) >= NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_value_has_range_origin_confidence_and_source(name):
    record = LIBRARY.record(name)
    for item in record.properties.values():
        assert item.low <= item.value <= item.high
        assert item.origin and item.confidence in "HML"
        assert item.sources and all(record.sources[key]["text"] for key in item.sources)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_nothing_estimated_is_presented_as_a_source_and_nothing_recalled_as_read(name):
    """An estimate says so among its sources, and so does general knowledge."""
    for item in LIBRARY.record(name).properties.values():
        if "G" in item.origin:
            assert "estimate" in item.sources
        if set(item.origin) & set("KG"):
            assert "R" not in item.origin or "estimate" in item.sources
        if item.origin == "G":
            assert item.confidence == "L"


def test_a_source_key_means_the_same_in_every_record():
    seen = {}
    for name in LIBRARY.names:
        for key, source in LIBRARY.record(name).sources.items():
            assert seen.setdefault(key, source) == source


@pytest.mark.parametrize(
    ("names", "needed"),
    [
        (["LiF", "Li3N", "Li2O", "Li2CO3", "organic_polymer", "oligomer"], ["conductivity", *ELASTIC]),
        (["si_c_composite", "amorphous_si"], [*CORE, "exchange_current_density"]),
        (["electrolyte", "grain_boundary"], ["conductivity"]),
    ],
)
def test_records_have_what_their_role_needs(names, needed):
    for name in names:
        assert set(needed) <= set(LIBRARY.record(name).properties)


def test_values_that_the_physics_stands_on():
    assert LIBRARY.material("LiF").value("conductivity") == 1e-11
    assert LIBRARY.material("Li3N").value("conductivity") == 1e-2
    assert LIBRARY.material("organic_polymer").value("youngs_modulus") == 2.4e9
    organic = LIBRARY.material("organic_polymer").value("conductivity")
    assert LIBRARY.material("grain_boundary").value("conductivity") == pytest.approx(10 * organic)


def test_the_composite_core_follows_from_silicon_and_carbon():
    """28 vol% silicon in carbon: concentration by volume, molar volume by the lithium each of them holds."""
    silicon, carbon, share = (3.11e5, 9.0e-6), (2.87e4, 3.1e-6), 0.28
    lithium = [share * silicon[0], (1 - share) * carbon[0]]
    core = LIBRARY.record("si_c_composite")
    assert core.value("maximum_concentration") == pytest.approx(sum(lithium), rel=5e-3)
    volume = (lithium[0] * silicon[1] + lithium[1] * carbon[1]) / sum(lithium)
    assert core.value("partial_molar_volume") == pytest.approx(volume, rel=5e-3)


def test_the_exchange_current_follows_from_its_rate_constant():
    half = 278000 / 2
    value = 6.48e-7 * 28700 / 278000 * math.sqrt(1000 * half * half)
    assert LIBRARY.record("amorphous_si").value("exchange_current_density") == pytest.approx(value, rel=0.02)


def test_arrhenius():
    record = LIBRARY.record("organic_polymer")
    warmer, energy = 320.0, 0.45 * FARADAY
    factor = math.exp(-energy / GAS_CONSTANT * (1 / warmer - 1 / REFERENCE_TEMPERATURE))
    assert record.value("conductivity", warmer) == pytest.approx(1e-7 * factor, rel=1e-9)
    assert record.value("conductivity") == 1e-7
    assert record.value("youngs_modulus", warmer) == 2.4e9  # no activation energy


def test_overrides_replace_single_values_and_say_so():
    material = LIBRARY.material("LiF", {"LiF": {"conductivity": 1e-9}, "Li3N": {"conductivity": 1.0}})
    assert material.value("conductivity") == 1e-9
    assert material.properties["conductivity"].note == "given in the scenario"
    assert material.value("youngs_modulus") == 118e9
    assert LIBRARY.material("LiF").value("conductivity") == 1e-11


def test_unknown_names():
    with pytest.raises(InputError, match=r"unknown material 'Lif'; did you mean 'LiF'\? allowed: .*Li3N"):
        LIBRARY.material("Lif")
    with pytest.raises(InputError, match="unknown property 'youngs_modulos'; did you mean 'youngs_modulus'"):
        LIBRARY.material("LiF").value("youngs_modulos")


def test_bibliography_lists_what_each_source_is_used_for():
    entries = {e["key"]: e for e in LIBRARY.bibliography(["LiF", "organic_polymer"])}
    assert {"LiF.youngs_modulus", "organic_polymer.youngs_modulus"} <= set(entries["shin"]["used_for"])
    assert entries["sims_2023"]["url"].endswith("2308.04701")
    only = LIBRARY.bibliography({"organic_polymer": ["poisson_ratio"]})
    assert [e["key"] for e in only] == ["estimate"]


GOOD = """
title: X
kind: inorganic
sources:
  s: {text: Somebody}
properties:
  youngs_modulus: {value: 2 GPa, range: [1 GPa, 3 GPa], origin: R, confidence: H, source: s}
"""


def test_a_good_record_is_read():
    assert read_record("X", GOOD).value("youngs_modulus") == 2e9


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", source: s", "", "X.youngs_modulus: has no source"),
        ("source: s", "source: []", "has no source"),
        ("source: s", "source: t", "source not described: t"),
        ("text: Somebody", "text: ''", "source 's' needs a text"),
        ("  s: {text: Somebody}", "  s: {text: A}\n  t: {text: B}", "sources that no property uses: t"),
        ("2 GPa", "4 GPa", "value outside its range"),
        ("2 GPa", "2 nm", "'nm' has another dimension"),
        ("2 GPa", "2", "the number 2 has no unit"),
        ("2 GPa", "-2 GPa", "must be greater than 0"),
        ("origin: R", "origin: X", "origin must be of"),
        ("confidence: H", "confidence: X", "confidence must be one of"),
        ("confidence: H, ", "", "needs"),
        ("youngs_modulus", "young", "unknown property"),
        ("inorganic", "metal", "kind must be one of"),
        ("title: X\n", "", "needs the keys"),
    ],
)
def test_a_wrong_record_is_refused(old, new, message):
    assert old in GOOD
    with pytest.raises(InputError) as error:
        read_record("X", GOOD.replace(old, new, 1))
    assert message in str(error.value)


def test_every_activation_energy_is_a_property():
    for kind in PROPERTIES.values():
        assert kind.activation is None or PROPERTIES[kind.activation].dimension == "molar_energy"
