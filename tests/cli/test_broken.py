"""Every broken scenario of tests/broken gets the message of its table, with the place; and the page made of them is current."""

import re

import pytest
import troubleshooting
from troubleshooting import FOLDER, table

from seix.cli import main

ENTRIES = {broken.path.stem: broken for broken in table()}
HELPERS = {"good", "table", "circle_base", "protocol"}
"""Files of the folder that are not broken themselves."""


@pytest.mark.parametrize("name", ENTRIES)
def test_the_message_and_its_place(name, capsys, monkeypatch, tmp_path):
    broken = ENTRIES[name]
    path = broken.path.name
    if broken.command == "mesh":  # a folder that it may write to; the message is one of the geometry, without a place
        monkeypatch.chdir(tmp_path)
        path = str(broken.path)
    else:
        monkeypatch.chdir(FOLDER)
        assert re.match(r"\w+\.yaml:\d+:\d+: ", broken.says)
    assert main([broken.command, path]) == broken.exit
    out, err = capsys.readouterr()
    line = err.splitlines()[-1]  # meshing tells of its progress before
    assert line.startswith(broken.says.removesuffix("...")) if broken.says.endswith("...") else line == broken.says
    assert "Traceback" not in err
    if broken.command == "check":
        assert out == "" and err.count("\n") == 1, "one mistake, one line"


def test_every_file_is_in_the_table_and_has_a_cure():
    files = {path.stem for path in FOLDER.iterdir()}
    assert files == {*ENTRIES, *HELPERS}
    assert len(ENTRIES) >= 30 and all(broken.cure.strip() for broken in ENTRIES.values())


def test_the_file_that_the_others_extend_is_right(capsys):
    assert main(["check", str(FOLDER / "good.yaml")]) == 0


def test_the_page_is_up_to_date():
    assert troubleshooting.PAGE.read_text("utf-8") == troubleshooting.page(), "run python tools/troubleshooting.py"
