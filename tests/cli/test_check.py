"""``seix check``, ``schema`` and ``materials`` as a user meets them."""

import errno
import json
import sys
import types
from pathlib import Path

import pytest

import seix
from seix.cli import main
from seix.errors import ConvergenceError, GeometryError
from seix.scenario import Scenario

ROOT = Path(__file__).parents[2]
PAIR = str(ROOT / "scenarios" / "paper" / "field_and_stress.yaml")


def test_a_valid_scenario_is_one_line(capsys):
    assert main(["check", PAIR]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1
    assert out.startswith(
        f"{PAIR}: OK: bilayer (patch, bilayer, 40 nm in 2 layers, 20 % LiF, 6 % Li3N), multilayer ("
    )
    assert "I/I0 = 1, 2, 5, 10" in out


@pytest.mark.parametrize("options", [[], ["--set", "solver.options={ksp_max_it: 50}"]])  # which PETSc is asked about
def test_a_closed_output_is_no_failure(monkeypatch, options):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["check", PAIR, *options]) == 0


@pytest.mark.parametrize("name, command", [("studies/gap.yaml", "seix sweep"), ("calibrate_bilayer.yaml", "seix calibrate")])
def test_files_of_other_commands_are_sent_there(capsys, name, command):
    assert main(["check", str(ROOT / "scenarios" / "paper" / name)]) == 2
    assert f"use {command}" in capsys.readouterr().err


def test_set_is_repeatable(capsys):
    assert main(["check", PAIR, "--set", "sei.thickness=50 nm", "--set=load.current_multiples=[1, 10]"]) == 0
    assert "50 nm in 2 layers" in capsys.readouterr().out


def test_a_gap_below_a_molecule_is_a_warning(capsys):
    assert main(["check", PAIR]) == 0
    assert capsys.readouterr().err == ""
    assert main(["check", PAIR, "--set", "variants.multilayer.sei.grains.gap=0.2 nm"]) == 0
    out, err = capsys.readouterr()
    assert ": OK: " in out
    assert err.startswith("warning: multilayer: grains may come as near as 0.2 nm, less than a molecule (about 0.3 nm): ")


def test_problems_go_to_stderr_with_exit_code_2(capsys):
    assert main(["check", PAIR, "--set", "sei.thickness=-50 nm", "--set", "seed=x"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "--set seed=x: seed: 'x' is not allowed; expected a whole number",
        "--set sei.thickness=-50 nm: sei.thickness: -50 nm is not allowed; must be between 1 fm and 1 mm",
    ]


def test_a_missing_file_is_one_sentence(capsys):
    assert main(["check", "nothing.yaml"]) == 2
    assert capsys.readouterr().err == "nothing.yaml: no such file\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chek", PAIR], 'unknown command "chek"; did you mean "check"? seix --help shows what there is'),
        (["zzz"], 'unknown command "zzz"; seix --help shows what there is'),
        (["check"], 'command "check" parameter SCENARIO requires an argument; seix check --help shows what there is'),
        (["check", PAIR, "--sett", "seed=1"], "unknown option: --sett; did you mean --set? seix check --help shows "),
        (["check", PAIR, "other.yaml"], "'other.yaml': one argument too many; seix check --help shows what there is"),
        (["check", PAIR, "b\n", "c"], "'b\\n', 'c': arguments too many; seix check --help shows what there is"),
        (["run", PAIR, "-o"], 'command "run" parameter -o requires an argument; seix run --help shows what there is'),
        (["schema", "x"], 'invalid value "x" for KIND; choose from: "scenario", "study", "calibration", "audit"; '),
        (["sweep", PAIR, "--jobs", "x"], 'invalid value for --jobs: unable to convert "x" into int; seix sweep --help '),
        (["mesh", "--clear-cache", "-o", "foo"], "--output: no effect without a scenario"),
    ],
)
def test_wrong_usage_is_exit_code_2(capsys, arguments, said):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(said) and err.count("\n") == 1, "one line, without a box"


def replace_app(monkeypatch, **commands):
    """Other commands in place of those that compute, whether these were imported before or not."""
    app = types.SimpleNamespace(**commands)
    monkeypatch.setitem(sys.modules, "seix.app", app)
    monkeypatch.setattr(seix, "app", app, raising=False)


@pytest.mark.parametrize("error", [ConvergenceError("no way"), GeometryError("no room")])
def test_exit_codes_of_failures(capsys, monkeypatch, error):
    def fail(*arguments):
        raise error

    replace_app(monkeypatch, run_command=fail, mesh_command=fail)
    assert main(["run", PAIR]) == error.exit_code
    assert main(["mesh", PAIR]) == error.exit_code
    assert capsys.readouterr().err == f"{error}\n" * 2


def test_interruption_is_exit_code_130(monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    replace_app(monkeypatch, run_command=stop)
    assert main(["run", PAIR]) == 130


def test_run_and_mesh_hand_on_what_they_are_given(monkeypatch):
    calls = []
    replace_app(monkeypatch, run_command=lambda *a: calls.append(a), mesh_command=lambda *a: calls.append(a))
    assert main(["run", "a.yaml", "-o", "out", "--set", "seed=1", "--set", "title=x", "--overwrite"]) == 0
    assert main(["run", "a.yaml", "--reuse"]) == 0
    assert main(["mesh", "a.yaml"]) == 0
    path = Path("a.yaml")
    assert calls == [
        (path, Path("out"), ["seed=1", "title=x"], True, False),
        (path, None, [], False, True),
        (path, None, [], False, False, ("phases", "mesh")),
    ]


def test_other_ranks_are_silent(capsys, monkeypatch):
    monkeypatch.setenv("PMI_RANK", "1")
    assert main(["check", PAIR]) == 0
    assert main(["materials"]) == 0
    assert main(["schema"]) == 0
    assert main(["check", "nothing.yaml"]) == 2
    assert capsys.readouterr() == ("", "")


# --- schema -------------------------------------------------------------------------------------------------


def printed_schema(capsys):
    assert main(["schema"]) == 0
    return json.loads(capsys.readouterr().out)


def test_schema_covers_and_describes_every_key(capsys):
    schema = printed_schema(capsys)
    assert set(schema["properties"]) == {*Scenario.model_fields, "extends", "variants"}
    sections = [schema, *(d for d in schema["$defs"].values() if "properties" in d)]
    for section in sections:
        assert section["additionalProperties"] is False
        for name, value in section["properties"].items():
            target = schema["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})
            assert value.get("description") or target.get("description"), name


def test_schema_allows_partial_files_but_not_incomplete_ones(capsys):
    schema = printed_schema(capsys)
    assert "required" not in schema and set(schema["then"]["required"]) == {"title", "geometry", "sei"}
    assert schema["if"] == {"not": {"anyOf": [{"required": ["extends"]}, {"required": ["variants"]}]}}
    assert all("required" not in definition for definition in schema["$defs"].values())


def test_schema_shows_units_and_materials(capsys):
    definitions = printed_schema(capsys)["$defs"]
    thickness = definitions["Bilayer"]["properties"]["thickness"]
    assert thickness["type"] == "string" and thickness["x-unit"] == "m" and "40 nm" in thickness["examples"]
    assert definitions["Load"]["properties"]["reference_current_density"]["default"] == "0.2 A/m2"
    assert "LiF" in definitions["MaterialName"]["enum"]


def test_schema_file_is_not_overwritten_silently(capsys, tmp_path):
    path = tmp_path / "seix.schema.json"
    assert main(["schema", "-o", str(path)]) == 0
    assert json.loads(path.read_text("utf-8"))["title"] == "seix scenario"
    assert main(["schema", "-o", str(path)]) == 2
    assert "exists already; give another name or --overwrite" in capsys.readouterr().err
    assert main(["schema", "-o", str(path), "--overwrite"]) == 0
    assert main(["schema", "-o", str(tmp_path / "no" / "x.json")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["seix.schema.json"]


def test_schema_in_a_folder_that_may_only_be_read(capsys, tmp_path, monkeypatch):
    """Nothing can be written there and nothing taken away again: one sentence, as everywhere."""

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    for name in ("write_text", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    assert main(["schema", "-o", str(tmp_path / "x.json")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'x.json'}: cannot be written: Read-only file system\n"


# --- materials ----------------------------------------------------------------------------------------------


def test_materials_lists_all_records(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # whatever the terminal
    assert main(["materials"]) == 0
    out = capsys.readouterr().out
    for text in ("LiF", "Li2CO3", "si_c_composite", "118 GPa", "1e-11 S/m", "G estimate"):
        assert text in out


def test_one_material_with_range_origin_and_sources(capsys):
    assert main(["materials", "organic_polymer"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for text in (
        "2.4 GPa",
        "200 MPa to 4.5 GPa",
        "0.45 eV",
        "[shin] Shin et al.",
        "https://doi.org/10.1021/jp504598n",
    ):
        assert text in out


def test_unknown_material(capsys):
    assert main(["materials", "LIF"]) == 2
    assert capsys.readouterr().err.startswith("unknown material 'LIF'; did you mean 'LiF'? allowed: ")
