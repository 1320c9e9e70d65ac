"""`structure: activation` as a scenario: cells, reactions, what is reported, and the list of layers that is saved."""

import json
import math
from pathlib import Path

import activation_tables
import numpy as np
import pytest

from seix.activation.origins import PARAMETERS, REACTIONS
from seix.analysis.activated import activation_quantities, activation_record
from seix.analysis.activated import activation_tables as report_tables
from seix.analysis.quantity import check_quantities
from seix.analysis.record import plain
from seix.cli import main
from seix.geometry.key import geometry_key
from seix.geometry.layers import build_structure
from seix.input.activation import Activation, Electrode, GrowthLaw
from seix.input.cautions import cautions
from seix.materials import MaterialLibrary
from seix.scenario import Scenario
from seix.scenario_file import load_study

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "scenarios/examples/activation.yaml"
PAPER = ROOT / "scenarios/paper/activation.yaml"
FULL = ROOT / "scenarios/paper/activation_full_cell.yaml"
PULSES = {1.4: 2.0, 1.0: 2.4, 0.8: 2.6}
"""Voltages of the paper: half cell to full cell."""


def paper(*overrides) -> Scenario:
    """The protocol of the paper with some keys replaced."""
    return load_study(PAPER, overrides).members["activation"]


# --- cells ------------------------------------------------------------------------------------------------------------


def test_the_voltages_of_the_full_cell_imply_one_cathode():
    """2.0, 2.4, 2.6 V and 1.4, 1.0, 0.8 V sum to 3.40 V each; with that cathode both cells grow the same SEI."""
    assert [full + half for half, full in PULSES.items()] == pytest.approx([3.40] * 3, rel=1e-12)
    members = load_study(FULL).members
    sei = members["implied"].sei
    assert [sei.anode_potential(full) for full in PULSES.values()] == pytest.approx(list(PULSES), rel=1e-12)
    half = paper("sei.x=20").sei
    for one, other in zip(sei.outcome.layers, half.outcome.layers, strict=True):
        assert (one.thickness, one.diameter) == pytest.approx((other.thickness, other.diameter), rel=1e-9)
    assert sei.efficiency(True) == pytest.approx(half.efficiency(True), rel=1e-9)


def test_the_plateau_of_the_cathode_drives_less():
    """On the plateau of LiFePO4 the anode is 30 mV further from all onsets: less charge, a thinner SEI."""
    members = load_study(FULL).members
    implied, plateau = members["implied"].sei, members["plateau"].sei
    assert plateau.cathode_potential - implied.cathode_potential == pytest.approx(0.03)
    assert plateau.outcome.pulse_charge < 0.85 * implied.outcome.pulse_charge
    assert plateau.thickness < implied.thickness


# --- reactions and parameters -----------------------------------------------------------------------------------------


def test_reactions_are_changed_key_by_key():
    sei = paper("sei.reactions.DME.onset=0.9 V", "sei.reactions.LiNO3.products={Li3N: 1, Li2O: 3}").sei
    assert sei.reactions["DME"].onset == 0.9 and sei.reactions["DME"].products == {"organic_polymer": 1.0}
    assert list(sei.reactions) == list(REACTIONS)
    without = paper().sei
    salts = [one.outcome.stages[0] for one in (sei, without)]
    # 3 Li2O of 14.9 cm3/mol come with each Li3N of 27 cm3/mol
    assert salts[0].volumes["Li3N"] == pytest.approx(salts[1].volumes["Li3N"], rel=1e-14)
    assert salts[0].volumes["Li2O"] / salts[0].volumes["Li3N"] == pytest.approx(3 * 1.49e-5 / 2.7e-5, rel=1e-12)
    assert {name for layer in sei.resolved_layers() for name in layer.phases} == {"LiF", "Li3N", "Li2O"}


def test_reactions_can_be_added_and_switched_off():
    sei = paper("sei.reactions.carbonate={onset: 0.85 V, electrons: 2, products: {Li2CO3: 1}, share: 0.1}",
                "sei.reactions.LiNO3.share=0").sei  # fmt: skip
    assert set(sei.outcome.turnovers) == {"LiFSI", "FEC", "DME", "carbonate"}
    assert sei.outcome.turnovers["carbonate"] / sei.outcome.turnovers["DME"] == pytest.approx(0.1)
    assert "Li3N" not in sei.molar_volumes


def test_molar_volumes_are_those_of_the_records_unless_given():
    sei = paper("sei.molar_volumes.LiF=19.6 cm^3/mol").sei
    library = MaterialLibrary()
    assert sei.molar_volumes["LiF"] == 2 * library.record("LiF").value("molar_volume")
    assert sei.molar_volumes["oligomer"] == library.record("oligomer").value("molar_volume")
    assert sei.outcome.thickness > paper().sei.outcome.thickness


def test_what_the_records_say_of_volumes_is_part_of_the_hash():
    given, default = (load_study(PAPER, overrides) for overrides in (["sei.molar_volumes.LiF=9.9 cm^3/mol"], []))
    assert given.hash != default.hash
    same = load_study(PAPER, ["sei.molar_volumes.LiF=9.8 cm^3/mol"])
    assert same.hash == default.hash


def test_defaults_are_those_of_the_table_and_within_their_ranges():
    for one in PARAMETERS.values():
        assert one.bounds[0] <= one.value <= one.bounds[1], one.key
        assert one.note and one.origin and (one.origin != "G" or "assumed" in one.description)
    parameters = paper("sei.cell=full", "sei.pulses.0.voltage=2.0 V", "sei.pulses.1.voltage=2.4 V", "sei.pulses.2.voltage=2.6 V",
                       "sei.afterwards.0={voltage: 1.8 V, to: 3.39 V}").sei.parameters  # fmt: skip
    assert set(parameters) == set(PARAMETERS)
    assert {key: value for key, value in parameters.items() if value != PARAMETERS[key].value} == {}
    for name, form in (("growth", GrowthLaw), ("electrode", Electrode)):
        for key, field in form.model_fields.items():
            assert field.description == PARAMETERS[f"{name}.{key}"].description


def test_values_outside_of_what_is_known_are_a_warning():
    assert cautions(paper()) == []
    (text,) = cautions(paper("sei.reactions.DME.onset=0.9 V"))
    assert text.startswith("sei.reactions.DME.onset is outside of what is known of it, 0.75 V to 0.85 V: Upper end of the third")


def test_layers_that_could_not_be_divided_are_a_warning():
    """So much salt that the grains of a repeat would touch in it, until the first lithiation brings organic matter."""
    (text,) = cautions(paper("sei.x=20", "sei.pulses.0.duration=300 s"))
    assert text.startswith("repeats 1 to 21 are one layer each although it is thicker than its grains: ")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("growth.initial_resistance=1e300 ohm m^2", 2, "must be at least 0 ohm m2 and at most 1e+12 ohm m2"),
        ("growth.leakage=1e300 S/m", 2, "must be greater than 0 S/m and at most 1000 S/m"),
        ("growth.leakage=900 S/m", 4, "the SEI would be "),
        ("growth.leakage=1e-300 S/m", 4, "its grains with their gaps need "),
        ("growth.nucleation_density=1e-300 /m^2", 4, "its grains with their gaps need "),
        ("grains.gap=1e-6 nm", 4, "is too narrow to be meshed beside grains of "),
    ],
)
def test_absurd_numbers_are_a_sentence(capsys, given, code, said):
    assert main(["check", str(PAPER), f"--set=sei.{given}", "--set=sei.afterwards.0.duration=1e8 s"]) == code
    assert said in capsys.readouterr().err


def test_a_scenario_with_a_protocol_survives_python_and_json():
    scenario = paper("sei.reactions.FEC.electrons=2", "sei.x=7")
    assert Scenario.model_validate(scenario.model_dump()) == scenario
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


# --- structures -------------------------------------------------------------------------------------------------------


def test_every_nucleus_becomes_a_grain_in_space():
    """As many packed spheres as nuclei on the area of the patch, but for rounding, and their volume is that of the charge."""
    scenario = paper("geometry.dimension=3", "geometry.period=40 nm", "sei.x=3", "sei.growth.nucleation_density=4e16 /m^2",
                     "sei.reactions.LiNO3.share=0", "sei.afterwards=")  # fmt: skip
    structure = build_structure(scenario)
    wanted = 3 * 4e16 * 40e-9**2
    assert wanted == pytest.approx(192.0)
    assert structure.statistics["sei"]["grains"] == pytest.approx(wanted, abs=0.5 * len(scenario.sei.outcome.grained))
    volume = math.fsum(layer.thickness * sum(layer.phases.values()) for layer in scenario.sei.outcome.layers)
    packed = (4 / 3 * np.pi * structure.radii**3).sum() * 1e-27
    assert packed == pytest.approx(volume * 40e-9**2, rel=1e-9)


@pytest.mark.parametrize("x", [0, 5, 100])
def test_structures_can_be_packed_in_the_plane(x):
    found = build_structure(paper(f"sei.x={x}", "geometry.period=160 nm")).statistics
    layers = paper(f"sei.x={x}").sei.outcome.layers
    assert [part["thickness"] for part in found["layers"]] == pytest.approx([one.thickness for one in layers], rel=1e-9)
    for part, layer in zip(found["layers"], layers, strict=True):
        assert part["fraction"] == pytest.approx(sum(layer.phases.values()), rel=0.01)


@pytest.mark.parametrize("dimension", [2, 3])
def test_saved_layers_are_the_same_structure(tmp_path, capsys, dimension):
    """The list of layers is valid, can be extended, and has the same mesh key and grains to the last bit."""
    saved, over = tmp_path / "layers.yaml", tmp_path / "over.yaml"
    size = [f"geometry.dimension={dimension}", f"geometry.period={160 if dimension == 2 else 40} nm"]
    arguments = [part for one in size for part in ("--set", one)]
    assert main(["layers", str(EXAMPLE), "-o", str(saved), *arguments]) == 0
    grown, listed = load_study(EXAMPLE, size), load_study(saved)
    assert list(listed.members) == list(grown.members) == ["sweep", "pulses"]
    for name, scenario in grown.members.items():
        assert not isinstance(listed.members[name].sei, Activation)
        assert listed.members[name].sei.resolved_layers() == scenario.sei.resolved_layers()
        assert geometry_key(listed.members[name], 1.0) == geometry_key(scenario, 1.0)
        assert listed.members[name].sei.matrix == scenario.sei.matrix
    one, other = (build_structure(study.members["pulses"]) for study in (grown, listed))
    assert np.array_equal(one.centres, other.centres) and np.array_equal(one.radii, other.radii)
    over.write_text("extends: layers.yaml\ntitle: over\nseed: 2\n", "utf-8")
    assert load_study(over).members["pulses"].seed == 2
    assert main(["layers", str(EXAMPLE), "-o", str(saved)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_layers_of_a_single_scenario_are_printed(capsys):
    assert main(["layers", str(PAPER), "--set", "sei.x=3"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Layers of activation.yaml") and "structure: layers" in text
    assert "pulses" not in text.partition("\n")[2]


def test_layers_of_other_structures_are_refused(capsys):
    assert main(["layers", str(ROOT / "scenarios/paper/bilayer.yaml")]) == 2
    assert capsys.readouterr().err.endswith("bilayer.yaml: has no structure: activation; its layers are in the file itself\n")


# --- what is reported -------------------------------------------------------------------------------------------------


def test_quantities_are_documented_and_follow_from_each_other():
    quantities = activation_quantities(paper("sei.x=10"))
    check_quantities("activation", quantities)
    value = {name.removeprefix("activation."): one.value for name, one in quantities.items()}
    reversible, surface = 1074 * 3600.0, 5e3
    assert value["specific_charge"] == pytest.approx(surface * (value["pulse_charge"] + value["later_charge"]), rel=1e-13)
    assert value["coulombic_efficiency"] == pytest.approx(reversible / (reversible + surface * value["later_charge"]), rel=1e-13)
    assert value["total_coulombic_efficiency"] == pytest.approx(reversible / (reversible + value["specific_charge"]), rel=1e-13)
    assert value["layers"] < 10
    alone = activation_quantities(load_study(ROOT / "tests/broken/protocol.yaml").members["protocol"])
    assert "activation.pulse_charge" in alone and "activation.coulombic_efficiency" not in alone
    assert activation_quantities(load_study(ROOT / "scenarios/paper/bilayer.yaml").members["bilayer"]) == {}


def test_other_losses_and_surface_enter_the_efficiency():
    rough = paper("sei.x=0", "sei.electrode.specific_surface=10 m^2/g").sei
    lossy = paper("sei.x=0", "sei.electrode.other_loss=100 mAh/g").sei
    smooth = paper("sei.x=0").sei
    lost = 1 / smooth.efficiency(False) - 1
    assert 1 / rough.efficiency(False) - 1 == pytest.approx(2 * lost, rel=1e-12)
    assert 1 / lossy.efficiency(False) - 1 == pytest.approx(lost + 100 / 1074, rel=1e-12)


def test_the_record_says_where_every_number_comes_from():
    scenario = paper("sei.growth.leakage=1e-8 S/m", "sei.molar_volumes.LiF=9.9 cm^3/mol")
    record = json.loads(json.dumps(plain(activation_record(scenario))))["activation"]
    assert "model" in record["model"] and record["repeats"] == 100
    assert len(record["layers"]) == len(scenario.sei.outcome.layers)
    rows = {row["key"]: row for row in record["parameters"]}
    assert rows["growth.leakage"]["origin"] == rows["molar_volumes.LiF"]["origin"] == "given in the scenario"
    assert rows["growth.packing"]["origin"].startswith("assumed")
    assert rows["reactions.FEC.onset"]["origin"].startswith("measured: doi:10.1039/d5ee02060c")
    assert all(row["origin"] for row in rows.values())
    charge = scenario.sei.outcome.pulse_charge + scenario.sei.outcome.later_charge
    assert math.fsum(record["charges"].values()) == pytest.approx(charge, rel=1e-12)
    tables = report_tables({"activation": record})
    assert len(tables["layers"]) == len(record["layers"]) and len(tables["parameters"]) == len(rows)
    assert tables["layers"][-1][1].endswith("afterwards")
    assert report_tables({}) is None


def test_check_says_charge_and_efficiency(capsys):
    assert main(["check", str(PAPER)]) == 0
    said = capsys.readouterr().out
    quantities = activation_quantities(paper())
    ice = 100 * quantities["activation.coulombic_efficiency"].value
    assert "x = 100" in said and f"modelled ICE {ice:.3g} %, with the pulses " in said and "mAh/g" in said


def test_tables_of_the_theory_are_up_to_date():
    text = activation_tables.PAGE.read_text("utf-8")
    assert activation_tables.page(text) == text, "run python tools/activation_tables.py"


@pytest.mark.slow
def test_a_run_reports_what_the_law_says(tmp_path, monkeypatch):
    """Quantities, record, table at the end and report of a computed comparison."""
    monkeypatch.chdir(tmp_path)
    coarse = [f"mesh.{key}" for key in ("cells_per_diameter=2.5", "cells_per_gap=0.5", "cells_per_layer=2", "growth=1.8")]
    arguments = [part for one in (*coarse, "output.figures=false") for part in ("--set", one)]
    assert main(["run", str(EXAMPLE), "-o", "out", *arguments]) == 0
    cases = {case["structure"]: case["quantities"] for case in json.loads(Path("out/quantities.json").read_text())["cases"]}
    record = json.loads(Path("out/record.json").read_text())
    for name, scenario in load_study(EXAMPLE).members.items():
        for key, quantity in activation_quantities(scenario).items():
            assert cases[name][key] == quantity.as_dict()
        (entry,) = (one for one in record["structures"] if one["name"] == name)
        assert entry["statistics"]["activation"] == plain(activation_record(scenario))["activation"]
        inorganic = sum(sum(one.phases.values()) * one.thickness for one in scenario.sei.outcome.layers)
        assert cases[name]["sei.inorganic_fraction"]["value"] == pytest.approx(inorganic / scenario.sei.thickness, rel=0.01)
    assert "Grown by a model" in Path("out/report.html").read_text("utf-8")
