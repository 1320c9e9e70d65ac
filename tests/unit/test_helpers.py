"""Pictures are drawn by processes beside the main one; whatever happens to these, nothing is lost."""

from __future__ import annotations

import os
import signal
from operator import truediv

import pytest

from seix.analysis import render
from seix.analysis.helpers import Helpers


@pytest.mark.parametrize("count", [0, 2])
def test_results_come_in_the_order_of_the_tasks(count):
    with Helpers(count) as helpers:
        for number in range(1, 8):
            helpers.submit(truediv, 840, number)
        assert helpers.results() == [840 / number for number in range(1, 8)]


@pytest.mark.parametrize("count", [0, 1])
def test_an_error_of_a_task_is_raised(count):
    with Helpers(count) as helpers:
        helpers.submit(truediv, 1, 0)
        with pytest.raises(ZeroDivisionError):
            helpers.results()


def test_tasks_of_a_helper_that_dies_are_done_all_the_same():
    with Helpers(1) as helpers:
        os.kill(helpers._children[0].pid, signal.SIGKILL)
        helpers._children[0].wait()
        for number in range(1, 4):
            helpers.submit(truediv, 6, number)
        assert helpers.results() == [6.0, 3.0, 2.0]


def test_a_task_that_cannot_be_sent_is_done_here():
    with Helpers(1) as helpers:
        helpers.submit(lambda: 3)
        assert helpers.results() == [3]


def test_why_nothing_can_be_rendered(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "_child", None)
    monkeypatch.setattr(render, "_unavailable", None)
    assert not render._drawn_by_child(tmp_path / "missing.npz", tmp_path / "image.npy")
    assert "FileNotFoundError" in render.why_not()
