"""Scenarios: models, merging of files, and what is said about wrong input."""

from pathlib import Path

import pytest
import shipped

from seix.errors import GeometryError, InputError
from seix.input.messages import model_at
from seix.scenario import UNIONS, Scenario
from seix.scenario_file import load_study

ROOT = Path(__file__).parents[2]
SHIPPED = shipped.scenarios()
GOOD = """\
title: Good
geometry: {kind: patch, period: 120 nm, core_depth: 40 nm, electrolyte_depth: 15 nm}
sei:
  structure: bilayer
  thickness: 40 nm
  inner_thickness: 20 nm
  inorganic: {LiF: 0.2, Li3N: 6 %}
  grains: {diameter: 7 nm, gap: 0.6 nm}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into an empty working folder; good.yaml is there."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return Path(name)

    write("good.yaml", GOOD)
    return write


def refused(path, *overrides):
    with pytest.raises((InputError, GeometryError)) as error:
        load_study(Path(path), overrides)
    return str(error.value)


# --- models -------------------------------------------------------------------------------------------------


def test_values_are_si(write):
    scenario = load_study("good.yaml", ["geometry.in_plane_strain=1 %", "temperature=25 degC"]).members[
        "good"
    ]
    assert scenario.geometry.period == 120e-9
    assert scenario.geometry.in_plane_strain == 0.01
    assert scenario.temperature == 298.15
    assert scenario.sei.inorganic == {"LiF": 0.2, "Li3N": 0.06}
    assert scenario.sei.grains.spread == 0.15
    assert scenario.interface.law == "butler_volmer"


def test_a_scenario_survives_python_and_json(write):
    scenario = load_study("good.yaml", ["materials.override.LiF.conductivity=1e-9 S/m"]).members["good"]
    assert Scenario.model_validate(scenario.model_dump()) == scenario
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_bilayer_layers(write):
    inner, outer = (
        load_study("good.yaml", ["sei.inner_matrix=oligomer"]).members["good"].sei.resolved_layers()
    )
    assert (inner.thickness, inner.matrix) == (20e-9, "oligomer")
    assert inner.phases == pytest.approx({"LiF": 0.4, "Li3N": 0.12})
    assert inner.grains.diameter == 7e-9
    assert (outer.thickness, outer.matrix, outer.phases, outer.grains) == (20e-9, "organic_polymer", {}, None)


@pytest.mark.parametrize(
    "overrides",
    [
        ["sei.structure=homogeneous"],
        ["sei.structure=multilayer", "sei.layers=4"],
        ["sei.layers=4", "sei.structure=multilayer"],
        ["sei={structure: layers, layers: [{thickness: 30 nm}, {thickness: 10 nm, matrix: oligomer}]}"],
    ],
)
def test_layers_sum_to_the_thickness_and_keep_the_fractions(write, overrides):
    sei = load_study("good.yaml", overrides).members["good"].sei
    layers = sei.resolved_layers()
    assert sum(layer.thickness for layer in layers) == pytest.approx(40e-9)
    total = sum(sum(layer.phases.values()) * layer.thickness for layer in layers) / 40e-9
    assert total == pytest.approx(sum(getattr(sei, "inorganic", {}).values()))


def test_every_key_is_described_in_schema_and_documentation():
    text = (ROOT / "docs" / "scenario.md").read_text("utf-8")

    def walk(loc):
        model = model_at(loc)
        for name, field in model.model_fields.items():
            assert f"`{name}`" in text or f".{name}`" in text, f"{name} is not documented"
            if field.description is None:
                assert name in UNIONS
            if name in UNIONS:
                for tag in UNIONS[name][1]:
                    walk((name, tag))
            elif model_at((*loc, name)) is not None:
                walk((*loc, name))

    sections = [name for name in Scenario.model_fields if model_at((name,)) is not None or name in UNIONS]
    documented = text.replace("### ", "`").replace("\n", "`\n")  # headings count as mentions
    for name in sections:
        assert name in documented
    for name, field in Scenario.model_fields.items():
        assert field.description or name in UNIONS
        for loc in [(name, tag) for tag in UNIONS[name][1]] if name in UNIONS else [(name,)]:
            if model_at(loc) is not None:
                walk(loc)


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_scenarios_are_valid_and_say_what_they_teach(path):
    study = load_study(path)
    assert study.members and study.name == path.stem
    comment = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert path.read_text("utf-8").startswith("# ") and "Teaches" in " ".join(comment)


def test_the_comparison_is_that_of_the_single_files():
    paper = ROOT / "scenarios" / "paper"
    study = load_study(paper / "field_and_stress.yaml")
    assert study.is_comparison and list(study.members) == ["bilayer", "multilayer"]
    for name, member in study.members.items():
        single = load_study(paper / f"{name}.yaml").members[name]
        same = {"title": single.title, "output": single.output}
        assert member.model_copy(update=same) == single
    bilayer, multilayer = study.members.values()
    same = {"title": bilayer.title, "sei": bilayer.sei}
    assert multilayer.model_copy(update=same) == bilayer
    assert multilayer.sei.inorganic == bilayer.sei.inorganic
    assert multilayer.sei.thickness == bilayer.sei.thickness


def test_overlays_merge_mappings_and_replace_lists(write):
    write("base.yaml", GOOD + "load: {current_multiples: [1, 2, 5], reference_current_density: 1 A/m2}\n")
    write("middle.yaml", "extends: base.yaml\nsei: {thickness: 50 nm}\n")
    study = load_study(
        write("top.yaml", "extends: middle.yaml\nload: {current_multiples: [3]}\ntitle: Top\n")
    )
    scenario = study.members["top"]
    assert scenario.sei.thickness == 50e-9 and scenario.sei.inner_thickness == 20e-9
    assert scenario.load.current_multiples == [3.0] and scenario.load.reference_current_density == 1.0
    assert list(study.documents) == ["top.yaml", "middle.yaml", "base.yaml"]
    assert study.documents["base.yaml"].startswith("title: Good")
    assert study.merged["top"]["sei"]["thickness"] == "50 nm"
    assert (study.title, study.is_comparison) == ("Top", False)


def test_a_base_is_found_from_the_file_not_from_the_working_folder(write, tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    write("sub/top.yaml", "extends: ../good.yaml\n")
    study = load_study(Path("sub/top.yaml"))
    assert set(study.documents) == {"top.yaml", "../good.yaml"}


def test_an_overlay_may_change_the_form_of_a_section(write):
    top = write("top.yaml", "extends: good.yaml\nsei: {structure: multilayer, layers: 4}\n")
    assert load_study(top).members["top"].sei.layers == 4
    back = write("back.yaml", "extends: top.yaml\nsei: {structure: layers}\n")
    assert "sei.layers: is missing" in refused(back)  # the number of layers is no list of layers
    wrong = write("wrong.yaml", "extends: good.yaml\nsei: {structure: homogeneous, grains: {gap: 1 nm}}\n")
    assert refused(wrong).startswith("wrong.yaml:2:31: sei.grains: unknown key; allowed: thickness, matrix")


def test_a_key_without_value_is_taken_back(write):
    write("gb.yaml", "extends: good.yaml\ngrain_boundary: {thickness: 1 nm}\n")
    top = write("top.yaml", "extends: gb.yaml\ngrain_boundary:\nsei: {inorganic: {Li3N: }}\n")
    scenario = load_study(top).members["top"]
    assert scenario.grain_boundary is None and scenario.sei.inorganic == {"LiF": 0.2}


VARIANTS = """\
extends: good.yaml
variants:
  coarse:
  fine:
    title: Fine
    sei: {structure: multilayer, layers: 8, grains: {diameter: 2.8 nm}}
"""


def test_variants(write):
    study = load_study(write("pair.yaml", VARIANTS), ["sei.thickness=50 nm", "variants.fine.sei.layers=10"])
    assert study.is_comparison and list(study.members) == ["coarse", "fine"]
    coarse, fine = study.members.values()
    assert (coarse.sei.structure, coarse.sei.thickness) == ("bilayer", 50e-9)
    assert (fine.sei.structure, fine.sei.thickness, fine.sei.layers) == ("multilayer", 50e-9, 10)
    assert (study.title, coarse.title, fine.title) == ("Good", "Good", "Fine")


def test_set_wins_over_variants(write):
    path = write("pair.yaml", VARIANTS)
    study = load_study(path, ["sei.grains.diameter=2 nm", "variants.fine.sei.grains.diameter=3 nm"])
    assert [s.sei.grains.diameter for s in study.members.values()] == [2e-9, 3e-9]


def test_set_reaches_into_lists(write):
    text = "extends: good.yaml\nsei: {structure: layers, layers: [{thickness: 15 nm}, {thickness: 25 nm}]}\n"
    study = load_study(
        write("l.yaml", text), ["sei.layers.0.thickness=10 nm", "sei.layers.1={thickness: 30 nm}"]
    )
    assert [x.thickness for x in study.members["l"].sei.layers] == [10e-9, 30e-9]


def test_the_hash_is_of_the_values_not_of_their_spelling(write):
    first = load_study("good.yaml")
    other = GOOD.replace("40 nm}", "0.04 um}").replace("40 nm", "4e-5 mm").replace("6 %", "0.06")
    same = load_study(write("sub.yaml", other.replace("title: Good\n", "") + "title: Good\n"))
    assert same.members["sub"] == first.members["good"]
    assert load_study("good.yaml").hash == first.hash and len(first.hash) == 64
    assert first.short_hash == first.hash[:10]
    assert load_study("good.yaml", ["seed=2"]).hash != first.hash


# --- what is said about wrong input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("yaml.yaml", "a: b: c\n", "yaml.yaml:1:5: not valid YAML: a ': ' where no key can stand"),
        ("tab.yaml", "a: 1\n\tb: 2\n", "tab.yaml:2:1: not valid YAML: a tab; indent with blanks"),
        ("open.yaml", 'title: "a\n', "open.yaml:1:8: not valid YAML: the quote that opens here is not closed"),
        ("two.yaml", "a: 1\n---\nb: 2\n", "two.yaml:2:1: not valid YAML: a second document begins here"),
        ("alias.yaml", "a: *x\n", "alias.yaml:1:4: not valid YAML: an alias * of nothing"),
        ("control.yaml", "a: \x01\n", "control.yaml:1:4: not valid YAML: unacceptable character"),
        ("date.yaml", "a: 2024-99-99\n", "date.yaml:1:4: not valid YAML: '2024-99-99' cannot be read as a date (month"),
        ("deep.yaml", "a: " + "[" * 700, "deep.yaml:1:53: not valid YAML: brackets or lists are nested too deeply"),
        ("digits.yaml", f"seed: {'9' * 5000}\n", "digits.yaml:1:7: not valid YAML: a whole number of hundreds of digits"),
        ("hex.yaml", f"seed: 0x{'F' * 5000}\n", "hex.yaml:1:7: not valid YAML: a whole number of hundreds of digits"),
        ("bool.yaml", "a: !!bool x\n", "bool.yaml:1:4: not valid YAML: 'x' cannot be read as true or false"),
        ("tag.yaml", "a: !x y\n", "tag.yaml:1:4: the tag '!x' has no meaning in a scenario"),
        ("binary.yaml", "a: !!binary aGFsbG8=\n", "binary.yaml:1:4: binary data or a set has no meaning"),
        ("half.yaml", 'title: "\\ud800"\n', "half.yaml:1:8: '\\ud800' has half of a sign"),
        ("merged.yaml", "a: &a {<<: *a}\n", "merged.yaml:1:4: not valid YAML: "),
        ("numbers.yaml", "a: {1: x, '1': y}\n", "numbers.yaml:1:11: the key '1' is given twice"),
        ("lines.yaml", GOOD + '"a\\nb": 1\n', "lines.yaml:9:1: a\\nb: unknown key"),
        ("large.yaml", "#" * 1_000_001, "large.yaml: is larger than 1 MB; a scenario file has some kilobytes"),
        ("null.yaml", 'extends: "a\\0"\n', "null.yaml:1:10: extends: 'a\\x00' "),
        ("long.yaml", f"extends: {'x' * 5000}\n", "cannot be opened: File name too long"),
        ("twice.yaml", "title: a\ntitle: b\n", "twice.yaml:2:1: the key 'title' is given twice"),
        ("empty.yaml", "", "empty.yaml:1:1: the file is empty; expected keys such as title"),
        ("comment.yaml", "# nothing\n", "comment.yaml:1:1: the file is empty"),
        ("list.yaml", "- 1\n", "list.yaml:1:1: a list is not a scenario"),
        ("text.yaml", "hello\n", "text.yaml:1:1: the single value 'hello' is not a scenario"),
        ("latin.yaml", b"a: 1\nb: \xff\n", "latin.yaml:2:4: not UTF-8 text"),
        ("base.yaml", "extends: no.yaml\n", "base.yaml:1:10: extends: 'no.yaml' does not exist"),
        ("self.yaml", "extends: self.yaml\n", "extends: goes in a circle, self.yaml -> self.yaml"),
        ("many.yaml", "extends: [a, b]\n", "many.yaml:1:10: extends: "),
        ("up.yaml", "extends: ..\n", "up.yaml:1:10: extends: '..' is a folder"),
        ("novar.yaml", GOOD + "variants: {}\n", "novar.yaml:9:1: variants: no variants"),
        ("name.yaml", GOOD + "variants: {a/b: }\n", "name.yaml:9:12: variants.a/b: cannot be a name"),
        ("matrix.yaml", GOOD + "variants: {matrix: }\n", "variants.matrix: cannot be a name"),
        ("flat.yaml", GOOD + "variants: {a: 1}\n", "flat.yaml:9:15: variants.a: '1' is not a mapping"),
        (
            "nested.yaml",
            GOOD + "variants: {a: {extends: x}}\n",
            "variants.a.extends: only allowed at the top",
        ),
    ],
)
def test_files_that_are_no_scenario(write, name, text, message):
    said = refused(write(name, text))
    assert message in said and "\n" not in said and said.startswith(name)


def test_missing_file_and_folder(write):
    assert refused("god.yaml") == "god.yaml: no such file; did you mean 'good.yaml'?"
    assert refused("nothing/here.txt") == "nothing/here.txt: no such file"
    assert refused(".") == ".: is a folder; expected a scenario file such as scenario.yaml"


def test_circle_over_two_files(write):
    write("a.yaml", "extends: b.yaml\n")
    write("b.yaml", "extends: a.yaml\n")
    assert "b.yaml:1:10: extends: goes in a circle, a.yaml -> b.yaml -> a.yaml" in refused("a.yaml")


def test_aliases_that_multiply(write):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "aliases make this YAML endless or far too large" in refused(write("bomb.yaml", "\n".join(lines)))


LENGTH = "expected a length such as '40 nm'"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        # quantities
        ("geometry.period=1e9 nm", "geometry.period: 1e9 nm is not allowed; must be between 1 fm and 1 mm"),
        ("sei.thickness=-40 nm", "sei.thickness: -40 nm is not allowed; must be between 1 fm and 1 mm"),
        ("sei.thickness=0 nm", "0 nm is not allowed; must be between 1 fm and 1 mm"),
        ("sei.thickness=40", f"sei.thickness: the number 40 has no unit; {LENGTH}"),
        ("sei.thickness=4 GPa", f"sei.thickness: 'GPa' has another dimension; {LENGTH}"),
        ("sei.thickness=40 nn", f"sei.thickness: unknown unit 'nn'; did you mean 'nm'? {LENGTH}"),
        ("sei.thickness=thick", f"sei.thickness: 'thick' is not a number with a unit; {LENGTH}"),
        ("sei.thickness=true", f"sei.thickness: 'true' is not a quantity; {LENGTH}"),
        ("sei.thickness=[1, 2]", f"sei.thickness: a list is not a quantity; {LENGTH}"),
        ("sei.thickness={a: 1}", f"sei.thickness: a mapping is not a quantity; {LENGTH}"),
        ("sei.thickness=.nan", f"sei.thickness: 'nan' is not a finite number; {LENGTH}"),
        ("sei.thickness=.inf", f"sei.thickness: 'inf' is not a finite number; {LENGTH}"),
        ("sei.thickness=inf nm", "is not a number with a unit"),
        ("sei.thickness=", "sei.thickness: is missing; needed: Thickness of the whole SEI"),
        ("temperature=25 K", "temperature: 25 K is not allowed; must be at least 200 K and at most 400 K"),
        ("geometry.in_plane_strain=fre", "'20 %', or 'free'"),
        ("lithium.state=2", "lithium.state: 2 is not allowed; must be at least 0 and at most 1"),
        ("load.current_multiples=[1, x]", "load.current_multiples.1: 'x' is not a number"),
        # plain values
        ("seed=1.5", "seed: '1.5' is not allowed; expected a whole number"),
        ("seed=true", "seed: 'true' is not allowed; expected a whole number"),
        ("seed=-1", "seed: -1 is not allowed; must be at least 0"),
        ("mesh.growth=0.5", "mesh.growth: 0.5 is not allowed; must be greater than 1"),
        ("mesh.cells_per_gap=.inf", "expected a finite number"),
        ("mesh.cells_per_gap=few", "mesh.cells_per_gap: 'few' is not allowed; expected a number"),
        ("title=[a]", "title: a list is not allowed; expected text"),
        ("title=''", "title: '' is not allowed; expected some text"),
        ("load.current_multiples=3", "expected a list such as [1, 2]"),
        ("load.current_multiples=[]", "expected at least one entry"),
        ("load.current_multiples=[1, 1]", "current_multiples.1: 1 follows 1; must be strictly increasing"),
        ("solver.options=3", "expected a mapping such as {name: value}"),
        ("solver.options.a=true", "solver.options.a: 'true' is not an option value"),
        ("error.method=two", "error.method: 'two' is not allowed; allowed: two_mesh, none"),
        ("error.method=two_mesn", "did you mean 'two_mesh'? allowed: two_mesh, none"),
        # keys and forms
        ("sei.thicknes=1 nm", "sei.thicknes: unknown key; did you mean 'thickness'? allowed: thickness, "),
        ("sie.thickness=1 nm", "sie: unknown key; did you mean 'sei'? allowed: title, "),
        ("x=1", "x: unknown key; allowed: title, "),
        ("peroid=40 nm", "peroid: unknown key; did you mean 'period' in geometry? allowed: title, "),
        ("sei.period=40 nm", "sei.period: unknown key; did you mean 'period' in geometry? allowed: thickness, "),
        ("inner_thickness=3 nm", "inner_thickness: unknown key; did you mean 'inner_thickness' in sei? allowed: title, "),
        ("sector=3 deg", "sector: unknown key; allowed: title, "),  # of particles, and this is a patch
        ("geometry.sed=3", "geometry.sed: unknown key; did you mean 'seed' at the top level? allowed: kind, "),
        ("sei.grains.seed=3", "sei.grains.seed: unknown key; did you mean 'seed' at the top level? allowed: diameter, "),
        ("thickness=3 nm", "thickness: unknown key; did you mean 'thickness' in sei? allowed: title, "),  # which is given
        ("materil=LiF", "materil: unknown key; did you mean 'materials'? allowed: title, "),  # nearer than 'material' elsewhere
        ("geometry.tolerance=1", "geometry.tolerance: unknown key; did you mean 'tolerance' in solver or in "),
        ("grain_boundary.width=1 nm", "grain_boundary.width: unknown key; allowed: material, thickness"),
        ("lithium=3", "lithium: '3' is not a mapping; expected the keys state"),
        ("geometry=3", "geometry: '3' is not a mapping; expected the keys kind, ..."),
        (
            "sei.structure=bilayr",
            "unknown structure 'bilayr'; did you mean 'bilayer'? allowed: homogeneous, ",
        ),
        ("sei.structure=[a]", "sei.structure: unknown structure"),
        ("interface.resistance=1 ohm m2", "interface.law: is missing; allowed: butler_volmer, "),
        ("interface={law: film_resistance}", "interface.resistance: is missing; needed: Potential jump"),
        (
            "geometry={kind: particle, core_radius: 1 um, sector: 5 deg}",
            "must be at least 10 deg and at most 180",
        ),
        # structures
        ("sei.inner_thickness=40 nm", "inner_thickness: 40 nm is not less than the thickness of the SEI"),
        ("sei.inorganic.LiF=0", "sei.inorganic.LiF: 0 is not allowed; must be greater than 0 and at most 1"),
        ("sei.inorganic.LiF=0.46", "LiF: 0.46 of the SEI is 0.92 of the inner layer; must be at most 0.9"),
        (
            "sei.inorganic.LiF=0.41",
            "sei.inorganic: the grains ask for 0.94 of the inner layer; must be at most 0.907",
        ),
        (
            "sei.inorganic={LiF: , Li3N: }",
            "asks for no grains; give {material: fraction}, or use structure: homog",
        ),
        (
            "sei.grains.diameter=30 nm",
            "need 30.9 nm; must be at most the thickness of the inner layer, 20 nm",
        ),
        (
            "sei.grains.spread=0.6",
            "sei.grains.spread: 0.6 is not allowed; must be at least 0 and at most 0.5",
        ),
        ("geometry.period=27 nm", "geometry.period: 27 nm is narrower than 4 grains; must be at least 28 nm"),
        ("sei={structure: multilayer, layers: 0}", "sei.layers: 0 is not allowed; must be at least 1"),
        (
            "sei={structure: layers, layers: []}",
            "sei.layers: a list is not allowed; expected at least one entry",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 50 nm}]}",
            "layers sum to 50 nm, the SEI is 40 nm thick",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, phases: {LiF: 0.1}}]}",
            "sei.layers.0.phases: phases without grains have no size; give grains",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, grains: {diameter: 3 nm, gap: 1 nm}}]}",
            "sei.layers.0.grains: grains without phases have no effect",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, phases: {LiF: 0.95}, grains: "
            "{diameter: 39 nm, gap: 1 nm}}]}",
            "sei.layers.0.phases.LiF: 0.95 of this layer; must be at most 0.9",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, phases: {LiF: 0.5}, grains: "
            "{diameter: 39 nm, gap: 1 nm}}]}",
            "sei.layers.0.grains.diameter: a grain of 39 nm and its gaps to the sides of the layer need 41",
        ),
        (
            "sei.grains.gap=0.00001 nm",
            "sei.grains.gap: 1e-05 nm is too narrow to be meshed beside grains of 7 nm; must be at least 0.007 nm",
        ),
        ("sei.grains.gap=0.007 nm", None),
        (
            "sei={structure: consSEI, x: 2, grains: {gap_in_layers: 1.e-5}}",
            "sei.grains.gap_in_layers: 1e-05 is too narrow to be meshed beside grains of 0.45 layers; must be at least 0.00045",
        ),
        (
            "core_domains={fraction: 0.2, diameter: 8 nm, gap: 0.001 nm}",
            "core_domains.gap: 0.001 nm is too narrow to be meshed beside grains of 8 nm; must be at least 0.008 nm",
        ),
        (
            "sei={inner_matrix: oligomer, inorganic: {LiF: 0.3, Li3N: 0.2}, grains: {shape: polycrystal, gap: }}",
            "sei.inner_matrix: has no effect in a polycrystal, whose grains fill the layer; leave it out",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, matrix: oligomer, phases: {LiF: 1}, "
            "grains: {diameter: 5 nm, shape: polycrystal}}]}",
            "sei.layers.0.matrix: has no effect in a polycrystal",
        ),
        (
            "sei={structure: layers, layers: [{thickness: 40 nm, phases: {LiF: 1}, "
            "grains: {diameter: 5 nm, shape: polycrystal}}]}",
            None,
        ),
        # materials
        (
            "sei.matrix=polymer",
            "sei.matrix: unknown material 'polymer'; did you mean 'oligomer'? allowed: Li2CO3",
        ),
        ("sei.inner_matrix=LiFF", "sei.inner_matrix: unknown material 'LiFF'; did you mean 'LiF'?"),
        ("sei.inorganic.lif=0.1", "sei.inorganic.lif: unknown material 'lif'; did you mean 'LiF'?"),
        ("materials.core=si", "materials.core: unknown material 'si'"),
        ("materials.electrolyte=x", "materials.electrolyte: unknown material 'x'"),
        ("grain_boundary={material: gb, thickness: 1 nm}", "grain_boundary.material: unknown material 'gb'"),
        (
            "materials.core=LiF",
            "materials.core: 'LiF' has no electronic_conductivity, partial_molar_volume, ",
        ),
        (
            "materials.electrolyte=amorphous_si",
            "'amorphous_si' has no conductivity, which the electrolyte needs",
        ),
        ("sei.inorganic.electrolyte=0.1", "sei.inorganic.electrolyte: 'electrolyte' has no youngs_modulus"),
        (
            "grain_boundary={material: amorphous_si, thickness: 1 nm}",
            "has no conductivity, which a grain boundary",
        ),
        ("materials.override.LiX.conductivity=1 S/m", "materials.override.LiX: unknown material 'LiX'"),
        (
            "materials.override.LiF.sigma=1 S/m",
            "materials.override.LiF.sigma: unknown property 'sigma'; allowed: ",
        ),
        ("materials.override.LiF.conductivity=3", "the number 3 has no unit; expected a conductivity"),
        ("materials.override.LiF.conductivity=3 nm", "LiF.conductivity: 'nm' has another dimension"),
        ("materials.override.LiF.poisson_ratio=0.5", "must be greater than -1 and less than 0.5"),
        ("materials.override.LiF=3", "materials.override.LiF: '3' is not a mapping"),
        ("materials.override=3", "materials.override: '3' is not a mapping"),
        (
            "materials.override.Li2O.conductivity=1 S/m",
            "override.Li2O: 'Li2O' is not used, so this has no effect",
        ),
        ("materials.override.LiF.relative_permittivity=3", "not used of 'LiF' here, so this has no effect"),
        # references between sections
        ("output.map_current_multiple=3", "3 is not computed; must be one of load.current_multiples: 1"),
        (
            "load.reference_field=fine",
            "load.reference_field: unknown reference 'fine'; allowed: matrix, good",
        ),
        (
            "sei={structure: homogeneous}",
            None,  # allowed: the grains of the bilayer fall away
        ),
    ],
)
def test_wrong_values(write, override, message):
    if message is None:
        load_study("good.yaml", [override])
        return
    said = refused("good.yaml", override)
    assert message in said
    assert f"--set {override}: " in said


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["sei.grains.diameter=30 nm"], 4),  # thicker than its layer
        (["sei.grains.gap=0.00001 nm"], 4),
        (["sei.inorganic.LiF=0.46"], 4),
        (["sei.grains.diameter=30 nm", "seed=x"], 2),  # what is not well-formed comes first
        (["seed=x"], 2),
    ],
)
def test_well_formed_but_impossible_geometry_is_told_apart(write, overrides, code):
    with pytest.raises((InputError, GeometryError)) as error:
        load_study("good.yaml", overrides)
    assert error.value.exit_code == code


@pytest.mark.parametrize(
    ("overrides", "what"),
    [
        (["sei.grains.shape=cellular"], "cellular grains"),
        (["sei.grains={shape: polycrystal, gap: }", "sei.inorganic={LiF: 0.3, Li3N: 0.2}"], "polycrystals"),
        (["core_domains={fraction: 0.2, diameter: 8 nm, gap: 1 nm}"], "core_domains"),
        (["geometry={kind: particles, number: 2, core_radius: 60 nm, fraction: 0.2}"], "several particles"),
    ],
)
def test_what_gmsh_does_not_mesh(write, overrides, what):
    load_study("good.yaml", overrides)
    said = refused("good.yaml", *overrides, "mesh.backend=gmsh")
    assert said == f"--set mesh.backend=gmsh: mesh.backend: 'gmsh' does not mesh {what}; leave it out"


def test_grains_of_a_consSEI_may_be_polycrystals(write):
    """The gap that is the default of grains with a film between them falls away."""
    family = ["sei={structure: consSEI, x: 2}", "sei.inorganic={LiF: 0.6, Li3N: 0.4}", "sei.grains.shape=polycrystal"]
    scenario = load_study("good.yaml", family).members["good"]
    assert [layer.grains.gap for layer in scenario.sei.resolved_layers()] == [None, None]
    assert Scenario.model_validate(scenario.model_dump()) == scenario
    said = refused("good.yaml", *family, "sei.grains.gap_in_layers=0.1")
    assert "sei.grains.gap_in_layers: has no effect between the grains of a polycrystal" in said


def test_grain_boundaries_need_grains(write):
    text = GOOD + "grain_boundary: {thickness: 1 nm}\n"
    said = refused(write("gb.yaml", text), "sei.structure=homogeneous")
    assert said == "gb.yaml:9:1: grain_boundary: has no effect in an SEI without grains; leave it out"


def test_an_unused_exchange_current_is_reported(write):
    own = "interface={law: butler_volmer, exchange_current_density: 1 A/m2}"
    override = "materials.override.si_c_composite.exchange_current_density=2 A/m2"
    load_study("good.yaml", [override])
    assert "so this has no effect" in refused("good.yaml", own, override)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sei", "not an assignment; expected key.path=value"),
        ("=3", "not an assignment"),
        ("sei..a=3", "not an assignment"),
        ("sei.thickness=[1", "not valid YAML"),
        ("extends=a", "'extends' can only be given in a file"),
        ("variants={a: 1}", "'variants' can only be given in a file"),
        ("variants.a.seed=1", "variants.a: unknown variant; this scenario has none"),
    ],
)
def test_wrong_overrides(write, override, message):
    said = refused("good.yaml", override)
    assert said.startswith(f"--set {override}: ") and message in said


def test_wrong_overrides_of_variants_and_lists(write):
    path = write("pair.yaml", VARIANTS)
    said = refused(path, "variants.fin.seed=1")
    assert (
        said == "--set variants.fin.seed=1: variants.fin: unknown variant; did you mean 'fine'? "
        "allowed: coarse, fine"
    )
    assert "is set twice" in refused(path, "seed=1", "seed=2")
    layers = "extends: good.yaml\nsei: {structure: layers, layers: [{thickness: 40 nm}]}\n"
    path = write("list.yaml", layers)
    assert "'7' is no entry of the list; allowed: 0 to 0" in refused(path, "sei.layers.7.thickness=1 nm")
    assert "'first' is no entry of the list" in refused(path, "sei.layers.first.thickness=1 nm")


def test_all_problems_at_once_with_their_places(write):
    text = """\
titel: T
geometry:
  kind: patch
  period: 120
  core_depth: 40 nm
sei: {structure: bilayer, thickness: 40 nm, inner_thickness: 2 GPa, inorganic: {LiFF: 0.2, LiF: 2},
      grains: {diameter: 7 nm, gap: 0.6 nm}}
seed: x
"""
    assert refused(write("bad.yaml", text)).splitlines() == [
        "bad.yaml:1:1: title: is missing; needed: One line for figures and reports",
        "bad.yaml:1:1: titel: unknown key; did you mean 'title'? allowed: title, description, temperature, "
        "seed, geometry, sei, materials, core_domains, interface, grain_boundary, lithium, mechanics, load, measure, "
        "mesh, error, solver, output, extends, variants",
        "bad.yaml:2:1: geometry.electrolyte_depth: is missing; needed: Height of the electrolyte over the "
        "SEI",
        "bad.yaml:4:11: geometry.period: the number 120 has no unit; expected a length such as '40 nm'",
        "bad.yaml:6:62: sei.inner_thickness: 'GPa' has another dimension; expected a length such as '40 nm'",
        "bad.yaml:6:81: sei.inorganic.LiFF: unknown material 'LiFF'; did you mean 'LiF'? allowed: Li2CO3, "
        "Li2O, Li3N, LiF, amorphous_si, binder, carbon, electrolyte, grain_boundary, oligomer, organic_polymer, "
        "si_c_composite, void",
        "bad.yaml:6:97: sei.inorganic.LiF: 2 is not allowed; must be greater than 0 and at most 1",
        "bad.yaml:8:7: seed: 'x' is not allowed; expected a whole number",
    ]


def test_places_in_base_files_and_variants(write):
    write("base.yaml", GOOD.replace("period: 120 nm", "period: 120"))
    text = VARIANTS.replace("good", "base").replace("layers: 8", "layers: 0")
    assert refused(write("pair.yaml", text)).splitlines() == [
        "base.yaml:2:33: geometry.period: the number 120 has no unit; expected a length such as '40 nm'",
        "pair.yaml:6:42: sei.layers: 0 is not allowed; must be at least 1 (variant fine)",
    ]


def test_structures_are_compared_at_the_same_currents(write):
    text = VARIANTS + "    load: {current_multiples: [2]}\n"
    said = refused(write("pair.yaml", text))
    assert said.startswith("pair.yaml:7:5: load: differs between the variants 'coarse' and 'fine'")


def test_the_reference_may_be_a_variant(write):
    path = write("pair.yaml", VARIANTS)
    study = load_study(path, ["load.reference_field=coarse"])
    assert study.members["fine"].load.reference_field == "coarse"
    assert "allowed: matrix, coarse, fine" in refused(path, "load.reference_field=bilayer")
