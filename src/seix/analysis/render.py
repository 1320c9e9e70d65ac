"""Renders scenes off screen, in a process of its own.

VTK ends the process with a segmentation fault where neither EGL nor OSMesa is installed; in a child process that is a
message and not the end of a computation. The child needs no MPI and imports nothing of the finite-element stack. It stays for
further scenes, since starting it takes longer than most of them.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .helpers import clean_environment

Array = NDArray[np.float64]

TIME_LIMIT = 300.0
"""Seconds after which rendering is given up."""
_SAMPLES = 2
"""Pixels of the rendering for each pixel of the image, along both sides."""
_MULTIPLE = 8
"""Samples for each of these pixels, as far as the machine has them."""
_LIFT = 2e-3
"""Lines are moved towards the viewer by this part of the picture, so that the faces they lie on do not hide them."""
_AMBIENT, _BRIGHTNESS = 0.62, 1.06
"""Part of the light that comes from everywhere; brightness of a surface that faces the light."""
_DRAWN = "drawn"
_unavailable: str | None = None
_child: _Child | None = None


@dataclass(frozen=True)
class Frame:
    """Parallel projection.

    Attributes
    ----------
    towards
        (3,) unit vector to the viewer; z is up.
    centre
        (2,) middle of the picture, to the right and upwards [nm].
    width, height
        Of the picture [nm].
    """

    towards: Array
    centre: Array
    width: float
    height: float

    @property
    def axes(self) -> Array:
        """(3, 2) unit vectors to the right and upwards in the picture."""
        right = np.cross([0.0, 0.0, 1.0], self.towards)
        right /= np.linalg.norm(right)
        return np.column_stack([right, np.cross(self.towards, right)])

    def seen(self, points: Array) -> Array:
        """Coordinates (..., 2) in the picture from its lower left corner [nm]."""
        return points @ self.axes - self.centre + 0.5 * np.array([self.width, self.height])


def fitted(points: Array, towards: Array, margin: float = 0.01) -> Frame:
    """Frame around points, with a margin as a part of its size."""
    frame = Frame(towards, np.zeros(2), 1.0, 1.0)
    flat = points @ frame.axes
    low, high = flat.min(axis=0), flat.max(axis=0)
    size = (high - low) + 2 * margin * (high - low).max()
    return Frame(towards, 0.5 * (low + high), float(size[0]), float(size[1]))


def render(
    triangles: Array, lines: dict[str, tuple[Array, str, float]], frame: Frame, width: int, lit: bool = True
) -> NDArray[np.uint8] | None:
    """Image of triangles and lines on white.

    Parameters
    ----------
    triangles
        (k, 3, 9) places, unit normals, RGB from 0 to 1.
    lines
        Name -> segments (s, 2, 3), colour, width in pixels of the image.
    frame
        What is seen.
    width
        Of the image in pixels.
    lit
        Whether surfaces are shaded; without, colours are exactly those given.

    Returns
    -------
    (height, width, 3) image, or None where nothing can be rendered; `why_not` then says why
    """
    if _unavailable is not None:
        return None
    colours = triangles[..., 6:9] * (_shade(triangles[..., 3:6], frame) if lit else 1.0)
    colours = np.round(255 * np.clip(colours, 0.0, 1.0)).astype(np.uint8)
    with tempfile.TemporaryDirectory(prefix="seix-render-") as folder:
        source, target = Path(folder, "scene.npz"), Path(folder, "image.npy")
        arrays = {f"line_{name}": segments.astype(np.float32) for name, (segments, _, _) in lines.items()}
        np.savez(
            source, places=triangles[..., :3].astype(np.float32), colours=colours, towards=frame.towards, axes=frame.axes,
            centre=frame.centre, size=[frame.width, frame.height], pixels=width, **arrays,
            **{f"style_{name}": np.array([colour, str(thick)]) for name, (_, colour, thick) in lines.items()},
        )  # fmt: skip
        return np.load(target) if _drawn_by_child(source, target) else None


def _drawn_by_child(source: Path, target: Path) -> bool:
    """Let the child draw a scene; if it cannot, keep the reason."""
    global _child, _unavailable
    if _child is None:
        _child = _Child()
    expired = threading.Event()
    late = threading.Timer(TIME_LIMIT, lambda: (expired.set(), _child.process.kill()))
    late.start()
    drawn = _child.draws(source, target)
    late.cancel()
    if not drawn:
        _unavailable = f"rendering took longer than {TIME_LIMIT:g} s" if expired.is_set() else _child.reason()
        _child = None
    return drawn


class _Child:
    """The process that renders."""

    def __init__(self) -> None:
        self.said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  closed by `end`
        self.process = subprocess.Popen(
            [sys.executable, "-m", "seix.analysis.render"], env=clean_environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
        )  # fmt: skip
        atexit.register(self.end)

    def draws(self, source: Path, target: Path) -> bool:
        """Let it draw a scene; False if it died of it."""
        if self.process.poll() is not None:
            return False
        try:
            print(source, target, sep="\t", file=self.process.stdin, flush=True)
            return self.process.stdout.readline().strip() == _DRAWN
        except OSError:
            return False

    def reason(self) -> str:
        """Why it died."""
        code = self.process.wait()
        if code < 0 or code == 139:
            return "VTK found no way to draw off screen; install libegl1 (tools/system-libs.sh does)"
        self.said.seek(0)
        last = self.said.read().strip().splitlines()
        return f"VTK failed: {last[-1]}" if last else f"VTK failed with exit code {code}"

    def end(self) -> None:
        """End it, so that none is left over."""
        self.process.kill()
        self.process.communicate()
        self.said.close()


def _shade(normals: Array, frame: Frame) -> Array:
    """Brightness (..., 1) under light from the upper left behind the viewer."""
    right, up = frame.axes.T
    light = frame.towards - 0.6 * right + 0.8 * up
    light /= np.linalg.norm(light)
    # surfaces are seen from outside; a normal that points away belongs to one seen from within
    facing = np.where(normals @ frame.towards < 0, -1.0, 1.0)
    cosine = np.clip(facing * (normals @ light), 0.0, 1.0)
    return (_AMBIENT + (1.0 - _AMBIENT) * cosine)[..., None] * _BRIGHTNESS


def why_not() -> str | None:
    """Why nothing can be rendered on this machine, as far as it was tried."""
    return _unavailable


def _draw(source: str, target: str) -> None:
    """Draw one scene; with VTK itself, which takes a second less to load than what is built on it."""
    from vtkmodules import vtkRenderingOpenGL2 as drawing
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter

    # without a display VTK would fall back on drawing that takes twice as long
    screenless = sys.platform.startswith("linux") and "DISPLAY" not in os.environ
    new_window = getattr(drawing, "vtkEGLRenderWindow", vtkRenderWindow) if screenless else vtkRenderWindow
    scene = np.load(source)
    width, height = scene["size"].tolist()
    pixels = int(scene["pixels"])
    renderer, window = vtkRenderer(), new_window()
    renderer.SetBackground(1.0, 1.0, 1.0)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(_MULTIPLE)
    window.SetSize(pixels * _SAMPLES, max(1, round(pixels * height / width)) * _SAMPLES)
    window.AddRenderer(renderer)
    soup, colours = (scene[name].reshape(-1, 3) for name in ("places", "colours"))
    axes, towards = scene["axes"], scene["towards"]
    reach = float(np.abs(soup).max()) * 4 + width + height
    lift = _LIFT * max(width, height) * towards
    renderer.AddActor(_actor(soup, 3, colours))
    # neighbouring pieces of a cut differ by rounding: their edges, drawn behind them, close what would show through
    seams = _actor((soup - 0.1 * lift).astype(np.float32), 3, colours)
    seams.GetProperty().SetRepresentationToWireframe()
    seams.GetProperty().SetLineWidth(2)
    renderer.AddActor(seams)
    for key in scene.files:
        if key.startswith("line_") and len(scene[key]):
            colour, thick = scene["style_" + key[5:]].tolist()
            lines = _actor((scene[key] + lift).reshape(-1, 3).astype(np.float32), 2)
            lines.GetProperty().SetColor(*(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)))
            lines.GetProperty().SetLineWidth(float(thick) * _SAMPLES)
            renderer.AddActor(lines)
    camera, focus = renderer.GetActiveCamera(), axes @ scene["centre"]
    camera.SetPosition(*(focus + reach * towards))
    camera.SetFocalPoint(*focus)
    camera.SetViewUp(*axes[:, 1])
    camera.ParallelProjectionOn()
    camera.SetParallelScale(0.5 * height)
    camera.SetClippingRange(1e-3 * reach, 2.0 * reach)
    window.Render()
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.SetInputBufferTypeToRGB()
    grab.ReadFrontBufferOff()
    grab.ShouldRerenderOff()
    grab.Update()
    found = grab.GetOutput()
    columns, rows, _ = found.GetDimensions()
    image = vtk_to_numpy(found.GetPointData().GetScalars()).reshape(rows, columns, 3)[::-1]
    # mean of the samples of each pixel
    samples = [image[i::_SAMPLES, j::_SAMPLES].astype(np.float32) for i in range(_SAMPLES) for j in range(_SAMPLES)]
    np.save(target, np.round(sum(samples) / _SAMPLES**2).astype(np.uint8))
    window.Finalize()


def _actor(places: NDArray[np.float32], corners: int, colours: NDArray[np.uint8] | None = None) -> Any:
    """Loose segments or triangles without light, places (n, 3) of their ends or corners in a row, RGB (n, 3) of each."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    points, cells, data, mapper, actor = vtkPoints(), vtkCellArray(), vtkPolyData(), vtkPolyDataMapper(), vtkActor()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(places), deep=True))
    ends, nodes = (np.arange(0, len(places) + 1, step, dtype=np.int64) for step in (corners, 1))
    cells.SetData(numpy_to_vtkIdTypeArray(ends, deep=True), numpy_to_vtkIdTypeArray(nodes[:-1], deep=True))
    data.SetPoints(points)
    if corners == 3:
        data.SetPolys(cells)
    else:
        data.SetLines(cells)
    if colours is not None:
        data.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(colours), deep=True))
    mapper.SetInputData(data)
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    return actor


def _serve() -> None:
    """What the child does: draws scenes until nobody asks for one."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # VTK prints to standard output too
    for line in sys.stdin:
        _draw(*line.rstrip("\n").split("\t"))
        print(_DRAWN, file=answers, flush=True)


if __name__ == "__main__":
    _serve()
