"""Properties that hold for whatever is given: units, scenarios of any shape, and random structures."""

import json
import math
from decimal import Decimal

import numpy as np
import pytest
import shipped
from damage import emit, spots, tree_of
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seix.errors import GeometryError, InputError
from seix.geometry.affordable import check_forecast
from seix.geometry.layers import build_structure
from seix.input.messages import problems
from seix.input.types import WRITTEN
from seix.scenario import Scenario
from seix.scenario_file import load_study
from seix.units import DIMENSIONS, UnitError, format_si, parse_quantity

SHIPPED = shipped.scenarios()
NM = 1e-9


def fixed(examples, **options):
    """Settings with the same examples on every run, and no files of its own."""
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None,
                    suppress_health_check=list(HealthCheck), **options)  # fmt: skip


# --- units --------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e30, 1e30, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-30)
PREFIXES = {"pm": "1e-12", "nm": "1e-9", "um": "1e-6", "µm": "1e-6", "mm": "1e-3", "cm": "1e-2", "km": "1e3"}


@fixed(200)
@given(st.sampled_from(list(DIMENSIONS)), NUMBERS)
def test_a_value_in_its_own_unit_is_read_back_exactly(dimension, value):
    assert parse_quantity(f"{value!r} {DIMENSIONS[dimension].unit}", dimension) == value


@fixed(200)
@given(st.decimals(-(10**6), 10**6, allow_nan=False, places=6), st.sampled_from(list(PREFIXES)))
def test_prefixes_are_exact(number, unit):
    assert parse_quantity(f"{number:f} {unit}", "length") == float(Decimal(f"{number:f}") * Decimal(PREFIXES[unit]))


@fixed(200)
@given(st.sampled_from(list(DIMENSIONS)), NUMBERS, st.integers(4, 12))
def test_what_people_read_can_be_read_again(dimension, value, digits):
    text = format_si(value, DIMENSIONS[dimension].unit, digits)
    assert parse_quantity(text, dimension) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=0)


@fixed(200)
@given(st.sampled_from(list(DIMENSIONS)), st.sampled_from(list(DIMENSIONS)), NUMBERS)
def test_a_unit_of_another_dimension_is_refused(wanted, other, value):
    assume(wanted != other)
    with pytest.raises(UnitError, match=r"another dimension|has no unit"):
        parse_quantity(f"{value!r} {DIMENSIONS[other].unit}", wanted)


KEYS = {
    "sei.thickness": "length", "temperature": "temperature", "interface.equilibrium_potential": "potential",
    "load.reference_current_density": "current_density", "lithium.state": "ratio",
    "interface.equilibrium_slope": "potential_slope",
    "materials.override.LiF.youngs_modulus": "stress", "materials.override.LiF.conductivity": "conductivity",
}  # fmt: skip


@fixed(60)
@given(st.sampled_from(list(KEYS)), st.sampled_from(list(DIMENSIONS)), NUMBERS)
def test_a_scenario_with_a_unit_of_another_dimension_is_invalid_input(key, other, value):
    assume(KEYS[key] != other)
    with pytest.raises(InputError, match=rf"^--set {key}=.*: {key}: .*(another dimension|has no unit|expected a)"):
        load_study(SHIPPED[0].parents[1] / "paper/bilayer.yaml", [f"{key}={value!r} {DIMENSIONS[other].unit}"])


UNIT_TEXT = st.text("nmkgsAKVJ%°µΩ/^*-²·() 0123456789eE.+,", max_size=12)
TEXT = st.one_of(st.text(max_size=12), UNIT_TEXT, st.builds("{}{}".format, NUMBERS, UNIT_TEXT))


@fixed(300)
@given(TEXT, st.sampled_from(list(DIMENSIONS)))
@example("1 nm**9999", "length")
@example("1 m^-99999999999", "length")
@example("1e308 km", "length")
@example("٤٠ nm", "length")
@example("1 ²", "ratio")
def test_any_text_is_a_finite_number_or_a_unit_error(text, dimension):
    try:
        assert math.isfinite(parse_quantity(text, dimension))
    except UnitError as error:
        assert str(error).isprintable() and len(str(error)) < 300


# --- scenarios ----------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(10**300, 10**320), st.floats(), st.text(max_size=8),
                    st.sampled_from(["40 nm", "20 %", "0.3", "LiF", "void", "free", "cellular", "layers", "patch"]))  # fmt: skip
KEYS_OF_SOME = ["LiF", "thickness", "kind", "structure", "law", "grains", "sei", "extends"]
NAMES = st.one_of(st.text(max_size=5), st.sampled_from(KEYS_OF_SOME))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8
)


@st.composite
def damaged(draw):
    """Plain tree of a shipped scenario with anything in place of one of its values, or beside it."""
    tree = json.loads(json.dumps(tree_of(draw(st.sampled_from(SHIPPED)))))
    container, key = draw(st.sampled_from(list(spots(tree))))
    if isinstance(container, dict) and draw(st.booleans()):
        key = draw(NAMES)
    container[key] = draw(VALUES)
    return tree


@fixed(200)
@given(damaged(), st.booleans())
def test_any_value_anywhere_gives_a_scenario_or_a_sentence(tmp_path_factory, tree, block):
    folder = tmp_path_factory.getbasetemp() / "any" / "examples"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        for path in SHIPPED:
            (folder.parent / path.parent.name).mkdir(exist_ok=True)
            (folder.parent / path.parent.name / path.name).write_bytes(path.read_bytes())
    path = folder / "any.yaml"
    path.write_text(emit(tree, 0 if block else None).lstrip("\n") + "\n", "utf-8")
    try:
        study = load_study(path)
    except (InputError, GeometryError) as error:
        assert all(line.startswith(f"{folder}") or "/paper/" in line for line in str(error).split("\n"))
    else:
        assert all(isinstance(member, Scenario) for member in study.members.values()) and study.hash


ODD = st.one_of(st.binary(max_size=3), st.dates(), st.complex_numbers(), st.sets(st.integers(), max_size=2), st.decimals(),
                VALUES, st.just(10**4000), st.just("\ud800"), st.just(float("nan")), st.just(object()))  # fmt: skip


@fixed(150)
@given(st.sampled_from(SHIPPED), st.data(), ODD, st.booleans())
def test_any_object_of_python_gives_a_scenario_or_problems(path, data, value, written):
    tree = json.loads(json.dumps(tree_of(path)))
    container, key = data.draw(st.sampled_from(list(spots(tree))))
    container[key] = value
    tree.pop("extends", None)
    tree.pop("variants", None)
    try:
        Scenario.model_validate(tree, context={WRITTEN: written})
    except ValidationError as error:
        assert all(problem.text for problem in problems(error))


# --- structures ---------------------------------------------------------------------------------------------


@st.composite
def small_structures(draw):
    """A valid or impossible scenario of one layer with grains in the plane, lengths in metres."""
    diameter = draw(st.floats(2.0, 8.0)) * NM
    shape = draw(st.sampled_from(["round", "round", "round", "cellular", "polycrystal"]))
    grains = {"diameter": diameter, "spread": draw(st.floats(0.0, 0.4)), "shape": shape}
    if shape != "polycrystal":
        grains["gap"] = draw(st.floats(0.01, 0.4)) * diameter
    total = 1.0 if shape == "polycrystal" else draw(st.floats(0.05, 0.7))
    share = draw(st.floats(0.1, 1.0))
    phases = {"LiF": total * share} | ({"Li3N": total - total * share} if share < 0.9 else {})
    if shape == "polycrystal" and share >= 0.9:
        phases = {"LiF": 1.0}
    thickness = draw(st.floats(1.0, 3.0)) * diameter + 2.05 * grains.get("gap", 0.0)
    kind = draw(st.sampled_from(["patch", "patch", "particle"]))
    size = {"period": draw(st.floats(4.0, 14.0)) * diameter, "core_depth": 2 * diameter} if kind == "patch" else {
        "core_radius": draw(st.floats(1.0, 6.0)) * diameter}  # fmt: skip
    layer = {"thickness": thickness, "phases": phases, "grains": grains}
    sei = {"structure": "layers", "thickness": thickness, "layers": [layer]}
    return {"title": "Random", "seed": draw(st.integers(0, 2**32 - 1)), "sei": sei,
            "geometry": {"kind": kind, "electrolyte_depth": diameter} | size}  # fmt: skip


def built(document):
    """Structure and scenario, or None where the user would get a sentence."""
    try:
        scenario = Scenario.model_validate(document)
        check_forecast(scenario, 1.0, False)
        return build_structure(scenario), scenario
    except ValidationError as error:
        assert all(problem.text for problem in problems(error))
    except (InputError, GeometryError) as error:
        assert str(error).strip() and "nan" not in str(error)
    return None


def check_structure(document):
    """Fractions as asked, no grain nearer to another than the gap; by the numbers of the structure, and for discs by own ones."""
    found = built(document)
    if found is None:
        return False
    structure, scenario = found
    layer = scenario.sei.layers[0]
    for name, asked in layer.phases.items():
        off = {"abs": 0.01} if layer.grains.shape == "polycrystal" else {"rel": 0.01}  # grains of a polycrystal are whole
        assert structure.statistics["phases"][name]["fraction"] == pytest.approx(asked, **off)
    if layer.grains.shape != "round":
        return True
    inner, outer = 0.0, layer.thickness / NM
    if scenario.geometry.kind == "patch":
        area, period = scenario.geometry.period / NM * outer, scenario.geometry.period / NM
    else:
        core = scenario.geometry.core_radius / NM
        inner, outer, period = core, core + outer, math.inf
        area = math.pi * (outer**2 - inner**2)
    discs = {name: 0.0 for name in structure.phase_names}
    for phase, radius in zip(structure.phase, structure.radii, strict=True):
        discs[structure.phase_names[phase]] += math.pi * radius**2
    for name, asked in layer.phases.items():
        assert discs[name] / area == pytest.approx(asked, rel=0.01)
    gap = layer.grains.gap / NM * (1 - 1e-6)
    away = structure.centres[:, None] - structure.centres[None]
    if math.isfinite(period):
        away[..., 0] -= period * np.round(away[..., 0] / period)
    distance = np.linalg.norm(away, axis=2) - structure.radii[:, None] - structure.radii[None]
    assert distance[~np.eye(len(distance), dtype=bool)].min(initial=math.inf) >= gap
    height = structure.centres[:, 1] if math.isfinite(period) else np.linalg.norm(structure.centres, axis=1)
    assert ((height - structure.radii >= inner + gap) & (height + structure.radii <= outer - gap)).all()
    return True


@fixed(20)
@given(small_structures())
def test_a_random_structure_has_the_fractions_asked_or_is_refused(document):
    check_structure(document)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_random_structures():
    made = []
    fixed(200)(given(small_structures())(lambda document: made.append(check_structure(document))))()
    assert sum(made) > 0.2 * len(made) and not all(made)
