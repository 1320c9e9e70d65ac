"""What people read: report, table at the end of a run, progress."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from seix.analysis.output import quantities_document, write_json, write_quantities
from seix.analysis.progress import Lines, Live, Progress, make_progress
from seix.analysis.record import RunInfo, build_record
from seix.analysis.report import write_report
from seix.analysis.summary import summarise
from seix.analysis.table import plain_table, print_folder, print_summary
from seix.scenario_file import load_study
from synthetic import particle, result, study

ROOT = Path(__file__).parents[2]


def folder_with(tmp_path, results, the_study, **run):
    write_quantities(tmp_path, results)
    (tmp_path / "maps").mkdir()
    for item in results:
        (tmp_path / "maps" / f"{item.name}_potential.png").write_bytes(b"\x89PNG")
    write_json(tmp_path / "record.json", build_record(the_study, results, RunInfo(**run), {"solve": 1.0}))
    return write_report(tmp_path).read_text("utf-8")


class Page(HTMLParser):
    """Collects what a page would load, its ids and whether its tags are closed."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids, self.stack, self.tags = [], [], [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.loads += [attributes[key] for key in ("src", "data", "srcset") if key in attributes]
        (self.loads if tag == "link" else self.links).extend(
            attributes[key] for key in ("href",) if key in attributes
        )
        self.ids.append(attributes.get("id"))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


# --- report ---


def test_report_is_one_well_formed_file(tmp_path):
    sources = [
        {"key": "a", "text": "With a doi", "doi": "10.1/x<y", "used_for": ["LiF.conductivity"]},
        {"key": "b", "text": "Evil", "url": "javascript:alert(1)", "used_for": []},
    ]
    text = folder_with(tmp_path, [result("a"), result("b")], study(("a", "b")), bibliography=sources)
    page = Page(text)
    assert page.stack == []
    assert page.loads and all(load.startswith("data:image/png;base64,") for load in page.loads)
    assert not {"script", "iframe", "object"} & page.tags
    assert "@import" not in text and "url(" not in text
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    assert [link for link in page.links if not link.startswith("#")] == ["https://doi.org/10.1/x<y"]
    for section in (
        "computed",
        "results",
        "maps",
        "structures",
        "materials",
        "validity",
        "numerics",
        "input",
        "sources",
        "cite",
    ):
        assert section in page.ids


def test_report_shows_how_a_structure_was_grown(tmp_path):
    """Layers with the repeats they come from, charge of the reactions, and the origin of every parameter."""
    from seix.analysis.activated import activation_record

    grown, listed = result("grown"), result("listed")
    scenario = load_study(ROOT / "scenarios/examples/activation.yaml").members["pulses"]
    grown.statistics |= activation_record(scenario)
    text = folder_with(tmp_path, [grown, listed], study(("grown", "listed")))
    assert Page(text).stack == []
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert words.count("Grown by a model") == 1
    for said in ("1 to 3 7.33 nm", "15 to afterwards", "LiNO3", "assumed; low confidence", "growth.leakage", "molar_volumes.LiF"):
        assert said in words, said


def test_report_escapes_what_users_write(tmp_path):
    text = folder_with(tmp_path, [result("bilayer")], study(title="<script>alert('x')</script> & co"))
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "A &lt;study&gt;" in text and "A &lt;b&gt;book" in text


def test_report_says_what_matters(tmp_path):
    text = folder_with(tmp_path, [result("bilayer")], study())
    plain = re.sub(r"<[^>]+>", " ", text)
    for words in (
        "about bilayer",
        "the strain is large",
        "5.00 ± 0.10",
        "28.00 %",
        "28.01 %",
        "2.0 ± 0.1 nm",
        "Lithium fluoride",
        "1e-13 to 1e-09",
        "1.0e-12",
        "seed 1",
        "f" * 64,
    ):
        assert words in plain, words


def test_report_without_statistics_or_sources(tmp_path):
    film = result("film", particle())
    film.statistics, film.materials, film.warnings = {}, [], []
    text = folder_with(tmp_path, [film], study(("film",)))
    assert "inside the limits" in text


# --- table ---


def test_table_of_a_comparison():
    summary = summarise(quantities_document([result("bilayer", factor=2.0), result("fine_grained")]))
    assert summary.columns == ["quantity", "I/I0", "bilayer", "fine grained", "ratio"]
    assert summary.blocks[0] == [
        ["E/E0 P99.9", "1", "10.0 ± 0.2", "5.00 ± 0.10", "2.00 ± 0.08"],
        ["", "2", "20.0 ± 0.4", "10.0 ± 0.2", "2.00 ± 0.08"],
    ]
    rows = {block[0][0]: block for block in summary.blocks}
    assert rows["σ1 P99.9 LiF (MPa)"] == [["σ1 P99.9 LiF (MPa)", "all", "600 ± 4", "300 ± 4", "2.00 ± 0.04"]]
    assert rows["polarisation (mV)"][1] == [
        "",
        "2",
        "320.00 ± 0.10",
        "160.00 ± 0.10",
        "2.0000 ± 0.0019",
    ]
    assert rows["inorganic fraction"][0][-1] == ""
    assert summary.caption.startswith("E0 = 2 MV/m")


def test_bounds_stand_below_their_value_in_its_unit():
    """Those that do not hold for a structure are a dash; a structure without the value has no bounds."""
    name = "effective.youngs_modulus.through"
    values = {name: 2e9, f"{name}.reuss": 1e9, f"{name}.hs_lower": 1.5e9, f"{name}.voigt": 4e9}
    quantities = {key: {"value": value, "unit": "Pa", "error": 0.0, "error_kind": "exact"} for key, value in values.items()}
    document = {"structures": ["a", "b"], "cases": [
        {"structure": "a", "current_multiple": 1.0, "quantities": quantities},
        {"structure": "b", "current_multiple": 1.0, "quantities": {}},
        {"structure": "a/b", "current_multiple": 1.0, "quantities": {}},
    ]}  # fmt: skip
    (block,) = summarise(document).blocks
    assert block[0][0] == "Young's modulus through SEI (GPa)"
    assert block[1] == ["  bounds: Reuss | HS low | HS high | Voigt", "", "1 | 1.5 | - | 4", "", ""]
    assert "Hashin" in summarise(document).caption


def test_bounds_of_a_value_that_is_not_there_at_the_first_current():
    """They stand in the unit of the table, for which the smallest of all values decides, also at other currents."""
    name = "effective.youngs_modulus.through"

    def quantities(value, *bounds):
        values = {name: value} | {f"{name}.{bound}": number for bound, number in zip(("reuss", "voigt"), bounds, strict=True)}
        return {key: {"value": number, "unit": "Pa", "error": 0.0, "error_kind": "exact"} for key, number in values.items()}

    lone = quantities(0.0, 1e9, 4e9)
    del lone[name]
    document = {"structures": ["a", "b"], "cases": [
        {"structure": "a", "current_multiple": 1.0, "quantities": lone},
        {"structure": "a", "current_multiple": 2.0, "quantities": quantities(2e9, 1e9, 4e9)},
        {"structure": "b", "current_multiple": 2.0, "quantities": quantities(5e9, 3e9, 8e9)},
        {"structure": "b", "current_multiple": 5.0, "quantities": quantities(5e8, 3e9, 8e9)},
        {"structure": "a/b", "current_multiple": 2.0, "quantities": {}},
        {"structure": "a/b", "current_multiple": 5.0, "quantities": {}},
    ]}  # fmt: skip
    (block,) = summarise(document).blocks
    assert block[0] == ["Young's modulus through SEI (MPa)", "2", "2000 ± 0", "5000 ± 0", ""]
    assert block[1] == ["", "5", "", "500.0 ± 0", ""]
    assert block[2] == ["  bounds: Reuss | HS low | HS high | Voigt", "", "1000 | - | - | 4000", "3000 | - | - | 8000", ""]


def test_lines_of_the_table_are_aligned():
    lines = plain_table(summarise(quantities_document([result("a"), result("b")])))
    rows = lines[3 : lines.index(lines[0], 3)]
    assert len(lines[0]) < 100
    assert {len(row) for row in rows[:6]} == {len(lines[0])}
    assert lines[1].endswith("ratio")


def test_summary_is_the_same_from_results_and_from_the_folder(tmp_path):
    results = [result("a"), result("b")]
    folder_with(tmp_path, results, study(("a", "b")))
    first, second = io.StringIO(), io.StringIO()
    print_summary(results, tmp_path, first)
    print_folder(tmp_path, second)
    assert first.getvalue() == second.getvalue()
    assert "warning: a, b: the strain is large" in first.getvalue()
    assert "report.html" in first.getvalue()


def test_table_on_a_stream_without_greek():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_summary([result("a")], None, stream)
    stream.seek(0)
    text = stream.read()
    assert "5.00 +/- 0.10" in text and "(ohm cm2)" in text and "?" not in text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_terminal_gets_the_same_numbers(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    print_summary([result("a"), result("b")], None, stream)
    assert "5.00 ± 0.10" in stream.getvalue() and "1.00 ± 0.04" in stream.getvalue()


# --- progress ---


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_stages_are_timed():
    clock = Clock()
    progress = Progress(clock=clock)
    progress.stage("mesh")
    clock.now = 2.0
    with progress.stage("solve"):
        clock.now = 5.0
    clock.now = 6.0
    progress.stage("mesh")
    clock.now = 7.0
    assert progress.timings() == {"mesh": 3.0, "solve": 3.0, "total": 7.0}
    progress.close()
    clock.now = 9.0
    assert progress.timings()["mesh"] == 3.0


def test_plain_lines():
    clock, stream = Clock(), io.StringIO()
    with Progress(Lines(stream), clock) as progress:
        progress.stage("solve bilayer")
        clock.now = 1.25
        progress.newton("bilayer", 2.0, 3, 1.23e-8)
        progress.note("fallback used")
    assert stream.getvalue().splitlines() == [
        "[    0.0 s] solve bilayer",
        "[    1.2 s]   bilayer, I/I0 = 2: iteration 3, residual 1.2e-08",
        "[    1.2 s]   fallback used",
    ]


@pytest.mark.parametrize("failed", [False, True])
def test_live_line_leaves_the_finished_stages(failed):
    clock, stream = Clock(), Terminal()
    progress = Progress(Live(stream), clock)
    progress.stage("mesh [a]")
    clock.now = 1.5
    progress.stage("solve")
    progress.newton("a", 1.0, 1, 0.5)
    progress.note("a note [b]")
    clock.now = 2.0
    progress.close(failed)
    text = stream.getvalue()
    assert "✓ mesh [a] (1.5 s)" in text and "a note [b]" in text
    assert ("✗" if failed else "✓") + " solve (0.5 s)" in text


def test_error_ends_the_display():
    stream = Terminal()
    with pytest.raises(RuntimeError), Progress(Live(stream)) as progress:
        progress.stage("solve")
        raise RuntimeError
    assert "✗ solve" in stream.getvalue()


@pytest.mark.parametrize(
    ("rank", "size", "tty", "kind"), [(0, 1, True, Live), (0, 1, False, Lines), (0, 2, True, Lines)]
)
def test_display_fits_the_stream(rank, size, tty, kind):
    progress = make_progress(rank, size, Terminal() if tty else io.StringIO())
    assert isinstance(progress._display, kind)


def test_other_ranks_are_silent():
    stream = io.StringIO()
    progress = make_progress(1, 2, stream)
    progress.stage("solve")
    progress.newton("a", 1.0, 1, 0.5)
    progress.close()
    assert stream.getvalue() == "" and "solve" in progress.timings()
