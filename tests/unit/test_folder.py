"""A result folder is complete or absent."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from seix.analysis.folder import ResultFolder, completed
from seix.errors import InputError
from seix.study.store import write_atomically


def finish(folder: Path, text: str = "new") -> None:
    (folder / "record.json").write_text("{}")
    (folder / "data.txt").write_text(text)


def test_appears_at_the_end_under_its_name(tmp_path):
    target = tmp_path / "results" / "case" / "ab12"
    with ResultFolder(target) as folder:
        finish(folder.path)
        assert not target.exists()
        assert folder.path.parent == target.parent and folder.path.name.startswith(".ab12.")
    assert (target / "data.txt").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["ab12"]
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.fixture
def disk(monkeypatch):
    """What is done to the disk: (inode, size) of what is synced, and the new name of what is renamed."""
    done, fsync = [], os.fsync

    def synced(entry):
        found = os.fstat(entry)
        done.append((found.st_ino, found.st_size))
        fsync(entry)

    monkeypatch.setattr(os, "fsync", synced)
    for name in ("rename", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda old, new, real=real: (real(old, new), done.append(Path(new)))[0])
    return done


@pytest.mark.parametrize("overwrite", [False, True])
def test_results_are_on_the_disk_before_they_get_their_name(tmp_path, disk, overwrite):
    """Every file and folder as it was found in the end, and afterwards the new name itself."""
    target = tmp_path / "case"
    if overwrite:
        target.mkdir()
    with ResultFolder(target, overwrite) as folder:
        finish(folder.path)
        (folder.path / "figures").mkdir()
        (folder.path / "figures" / "map.png").write_bytes(b"picture")
    named = disk.index(target)
    entries = [target, *target.rglob("*")]
    assert len(entries) == 5
    assert {(path.stat().st_ino, path.stat().st_size) for path in entries} <= set(disk[:named])
    assert tmp_path.stat().st_ino in [done[0] for done in disk[named + 1 :]]


def test_file_is_on_the_disk_before_it_gets_its_name(tmp_path, disk):
    write_atomically(tmp_path / "study.json", "plan")
    found = (tmp_path / "study.json").stat()
    assert disk == [(found.st_ino, found.st_size), tmp_path / "study.json"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_a_failure(tmp_path, error):
    with pytest.raises(error), ResultFolder(tmp_path / "a" / "b") as folder:
        finish(folder.path)
        raise error
    assert list(tmp_path.iterdir()) == []


def test_parents_that_others_use_stay(tmp_path):
    with pytest.raises(RuntimeError), ResultFolder(tmp_path / "a" / "b") as folder:
        (folder.path.parent / "other").mkdir()
        raise RuntimeError
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["other"]


def test_existing_folder_is_an_error(tmp_path):
    target = tmp_path / "case"
    target.mkdir()
    with pytest.raises(InputError, match="exists already"), ResultFolder(target):
        pytest.fail("entered")
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_file_in_the_way_is_an_error(tmp_path, overwrite):
    target = tmp_path / "case"
    target.write_text("precious")
    with pytest.raises(InputError, match="is a file"), ResultFolder(target, overwrite):
        pytest.fail("entered")
    assert target.read_text() == "precious"


def test_overwrite_replaces_only_at_the_end(tmp_path):
    target = tmp_path / "case"
    with ResultFolder(target) as folder:
        finish(folder.path, "old")
    with pytest.raises(RuntimeError), ResultFolder(target, overwrite=True):
        raise RuntimeError
    assert (target / "data.txt").read_text() == "old"
    with ResultFolder(target, overwrite=True) as folder:
        finish(folder.path)
        assert (target / "data.txt").read_text() == "old"
    assert (target / "data.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_overwrite_spares_what_is_no_result(tmp_path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.tex").write_text("x")
    with pytest.raises(InputError, match="not a result of seix"), ResultFolder(target, overwrite=True):
        pytest.fail("entered")
    assert (target / "chapter.tex").exists()


def test_folder_that_appears_meanwhile_is_not_touched(tmp_path):
    target = tmp_path / "case"
    with pytest.raises(InputError, match="exists already"), ResultFolder(target) as folder:
        finish(folder.path)
        target.mkdir()
        (target / "theirs").write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["case"]
    assert [path.name for path in target.iterdir()] == ["theirs"]


def test_overwrite_through_a_link_replaces_the_link(tmp_path):
    with ResultFolder(tmp_path / "real") as folder:
        finish(folder.path, "old")
    (tmp_path / "link").symlink_to("real")
    with ResultFolder(tmp_path / "link", overwrite=True) as folder:
        finish(folder.path)
    assert (tmp_path / "link" / "data.txt").read_text() == "new"
    assert (tmp_path / "real" / "data.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_unwritable_place_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(InputError, match="no folder can be made here"),
        ResultFolder(tmp_path / "file" / "case"),
    ):
        pytest.fail("entered")
    # not even root can make folders here
    with pytest.raises(InputError, match="no folder can be made here"), ResultFolder(Path("/proc/seix/case")):
        pytest.fail("entered")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_parent_is_an_error_at_once(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    with (
        pytest.raises(InputError, match="Permission denied"),
        ResultFolder(tmp_path / "locked" / "a" / "case"),
    ):
        pytest.fail("entered")


def test_unfinished_folder_of_a_living_run_stays(tmp_path):
    with (
        ResultFolder(tmp_path / "case") as first,
        pytest.raises(RuntimeError),
        ResultFolder(tmp_path / "case"),
    ):
        assert first.path.exists()
        raise RuntimeError
    assert (tmp_path / "case").is_dir()


def test_signal_handlers_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with ResultFolder(tmp_path / "case") as folder:
        assert signal.getsignal(signal.SIGTERM) != before
        finish(folder.path)
    assert signal.getsignal(signal.SIGTERM) == before
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGTERM, signal.SIGINT}


def record(folder: Path, **changes) -> None:
    content = {"hashes": {"scenario": "abc"}, "code": {"version": "1"}, "files": ["data.txt"]} | changes
    (folder / "record.json").write_text(json.dumps(content))


def test_completed(tmp_path):
    assert not completed(tmp_path / "none", "abc")
    assert not completed(tmp_path, "abc")
    (tmp_path / "data.txt").write_text("x")
    record(tmp_path)
    assert completed(tmp_path, "abc")
    assert completed(tmp_path, "abc", "1")
    assert not completed(tmp_path, "abc", "2")
    assert not completed(tmp_path, "abd")
    record(tmp_path, files=["data.txt", "gone.txt"])
    assert not completed(tmp_path, "abc")
    (tmp_path / "record.json").write_text("{broken")
    assert not completed(tmp_path, "abc")
    (tmp_path / "record.json").write_text("[]")
    assert not completed(tmp_path, "abc")


def test_entering_is_quick(tmp_path):
    begun = time.perf_counter()
    with ResultFolder(tmp_path / "case") as folder:
        finish(folder.path)
    assert time.perf_counter() - begun < 1.0
