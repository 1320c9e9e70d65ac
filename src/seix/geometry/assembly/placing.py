"""Cores from a scenario, listed or placed at random, checked for what can be meshed."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.assembly.band import largest_crossing_angle
from seix.geometry.assembly.bodies import Bodies, Link

if TYPE_CHECKING:
    from seix.input.outer import Particles

SMALLEST_CROSSING = 25.0
"""Angle [degrees] outside two touching surfaces below which no cells of good shape fit into the corner."""
NEAREST = 0.1
"""Smallest distance of two surfaces, of a surface from top and bottom, and good one from a periodic side, in SEI thicknesses."""
STEEP_ENOUGH = 0.06
"""Depth to which a circle should cross a periodic side, in radii: it then crosses at 20 degrees."""
POSITIONS = 4000
"""Positions tried for one particle."""
ATTEMPTS = 200
"""Times that all particles are placed again."""
SHIFTS = 720
"""Displacements of all particles along x that are tried."""
DIGITS = 9
"""Of distances in nanometres in messages and checks, so that no rounding is shown."""
RINGS_APART = 0.1
"""Smallest distance of two circles where others cross a ball, along its surface in its radii."""


def place_bodies(geometry: Particles, heights: np.ndarray, sei: float, seed: int, unit: float) -> Bodies:
    """The cores of a scenario.

    Parameters
    ----------
    geometry : Particles
    heights : ndarray (w,)
        Heights of all walls over the cores, from 0 to the thickness of SEI and binder [nm].
    sei : float
        Thickness of the SEI [nm].
    seed : int
        Of random places.
    unit : float
        Metres in a nanometre.

    Returns
    -------
    Bodies

    Raises
    ------
    GeometryError
        If the particles do not fit, or touch at angles that cannot be meshed.
    """
    if geometry.particles is not None:
        radii = np.array([body.core_radius for body in geometry.particles]) / unit
        centres = np.array([body.centre for body in geometry.particles]) / unit
        bodies = Bodies(centres, radii, geometry.box / unit)
    else:
        return _random(geometry, heights, sei, np.random.default_rng([seed, 7]), unit)
    check_bodies(bodies, heights)
    return shifted(bodies, heights)


def check_bodies(bodies: Bodies, heights: np.ndarray) -> None:
    """Refuse particles that leave the box, hide each other, or touch at an angle too small for cells.

    Raises
    ------
    GeometryError
        With the particles and the numbers.
    """
    thickness, box = float(heights[-1]), bodies.box
    least = NEAREST * thickness
    below = bodies.centres[:, -1] - bodies.radii - thickness
    above = box - (bodies.centres[:, -1] + bodies.radii + thickness)
    for name, room in (("bottom", below.round(DIGITS)), ("top", above.round(DIGITS))):
        if room.min() < least:
            raise GeometryError(
                f"particle {room.argmin() + 1} with its films comes to {room.min():.4g} nm from the {name} of the box; it must "
                f"stay at least {least:.4g} nm inside"
            )
    for link in bodies.links:
        i, j = link.first, link.second
        who = f"particles {i + 1} and {j + 1}" if i != j else f"particle {i + 1} and its periodic image"
        if link.distance < max(bodies.radii[i], bodies.radii[j]):
            raise GeometryError(f"{who}: one core holds the centre of the other ({link.distance:.4g} nm between the centres)")
        for height in heights:
            gap = bodies.gap(link, float(height))
            if gap >= least or _hidden(bodies, link, float(height)):
                continue
            if gap >= 0.0:
                raise GeometryError(
                    f"{who}: the surfaces {height:.4g} nm over the cores are {gap:.4g} nm apart; they must overlap, or be at "
                    f"least {least:.4g} nm apart"
                )
            angle = largest_crossing_angle(bodies.radii[i] + height, bodies.radii[j] + height, link.distance)
            if angle < SMALLEST_CROSSING:
                raise GeometryError(
                    f"{who}: the surfaces {height:.4g} nm over the cores cross at {angle:.3g} degrees; below "
                    f"{SMALLEST_CROSSING:g} degrees the corner cannot be meshed, so move them apart or closer together"
                )
    if bodies.dim == 3:
        _check_rings(bodies, heights)


def _hidden(bodies: Bodies, link: Link, height: float) -> bool:
    """Whether the place where two surfaces at a height cross, or are nearest, lies within that of a third particle."""
    first, second = bodies.radii[link.first] + height, bodies.radii[link.second] + height
    from_first = (link.distance**2 + first**2 - second**2) / (2.0 * link.distance)
    direction = (bodies.centres[link.second] + link.shift - bodies.centres[link.first]) / link.distance
    rim = math.sqrt(max(first**2 - from_first**2, 0.0))
    depth = height - bodies.distances((bodies.centres[link.first] + from_first * direction)[None])[0]
    depth[[link.first, link.second]] = -np.inf
    return bool((depth > rim).any())


def _check_rings(bodies: Bodies, heights: np.ndarray) -> None:
    """Refuse balls of which three meet, or nearly so: the circles where two others cross one must be well apart."""
    for height in heights:
        radii = bodies.radii + height
        for body, radius in enumerate(radii.tolist()):
            cuts = bodies.caps(body, radii)
            for (one, near, _, i), (other, far, _, j) in combinations(cuts, 2):
                spread = math.acos(float(np.clip(one @ other, -1.0, 1.0)))
                apart = radius * (spread - math.acos(near / radius) - math.acos(far / radius))
                if apart < RINGS_APART * radius:
                    raise GeometryError(
                        f"particles {body + 1}, {i + 1} and {j + 1} meet, or nearly so, {height:.4g} nm over the cores: in 3D "
                        f"the circles where two particles cross a third must be at least {RINGS_APART * radius:.4g} nm apart"
                    )


def shifted(bodies: Bodies, heights: np.ndarray) -> Bodies:
    """The same assembly, moved along the periodic axes: off the sides in space, in the plane if the sides would cut its circles
    at small angles.

    A common displacement changes nothing but the coordinates.

    Raises
    ------
    GeometryError
        If no displacement keeps all particles in space off the sides.
    """
    if bodies.dim == 3:
        return _off_sides(bodies, float(heights[-1]))
    shifts = bodies.box * np.arange(SHIFTS) / SHIFTS
    scores = np.array([_clearance(bodies, heights, shift) for shift in shifts])
    best = 0 if scores[0] >= 1.0 else int(scores.argmax())
    centres = bodies.centres.copy()
    centres[:, 0] = (centres[:, 0] + shifts[best]) % bodies.box
    return Bodies(centres, bodies.radii, bodies.box)


def _off_sides(bodies: Bodies, thickness: float) -> Bodies:
    """Particles in space, moved along x and y if one of them crosses a periodic side."""
    centres, least = bodies.centres.copy(), NEAREST * thickness
    for axis in (0, 1):
        shifts = bodies.box * np.arange(SHIFTS) / SHIFTS
        place = (centres[:, axis] + shifts[:, None]) % bodies.box
        room = (np.minimum(place, bodies.box - place) - bodies.radii - thickness).min(axis=1)
        best = 0 if room[0] >= least else int(room.argmax())
        if room[best] < least:
            raise GeometryError(
                f"in 3D no particle with its films may cross a periodic side, or come nearer to it than {least:.4g} nm; wherever "
                f"the sides normal to {'xy'[axis]} are put in a box of {bodies.box:.4g} nm, one does: a larger box or other "
                "places help"
            )
        centres[:, axis] = place[best]
    return Bodies(centres, bodies.radii, bodies.box)


def _clearance(bodies: Bodies, heights: np.ndarray, shift: float) -> float:
    """How well the periodic side misses tangents and corners of the curves; 1 is good."""
    x = (bodies.centres[:, 0] + shift) % bodies.box
    near = np.minimum(x, bodies.box - x)[:, None]
    radii = bodies.radii[:, None] + heights
    good = NEAREST * heights[-1]
    misses = np.where(near > radii, (near - radii) / good, (radii - near) / (STEEP_ENOUGH * radii))
    score = min(float(misses.min()), float((near / good).min()))
    for height in heights:
        for link in bodies.touching(float(height)):
            first, second = bodies.radii[link.first] + height, bodies.radii[link.second] + height
            a, b = bodies.centres[link.first], bodies.centres[link.second] + link.shift
            along = (link.distance**2 + first**2 - second**2) / (2.0 * link.distance)
            normal = (b - a) / link.distance
            half = math.sqrt(first**2 - along**2)
            for sign in (-1.0, 1.0):
                corner = (a[0] + along * normal[0] - sign * half * normal[1] + shift) % bodies.box
                score = min(score, min(corner, bodies.box - corner) / good)
    return score


def _random(geometry: Particles, heights: np.ndarray, thickness: float, rng: np.random.Generator, unit: float) -> Bodies:
    """Particles at random places: apart, or each one touching an earlier one; films of binder meet as they will.

    Places that cannot be meshed, because films meet at small angles, are tried again.
    """
    radii = _radii(geometry, rng, unit)
    dim = geometry.dimension
    if geometry.box is not None:
        box = geometry.box / unit
    else:
        covered = math.pi * (radii + thickness) ** 2 if dim == 2 else 4.0 * math.pi / 3.0 * (radii + thickness) ** 3
        box = float((covered.sum() / geometry.fraction) ** (1.0 / dim))
    gap = geometry.smallest_gap(thickness, unit)
    room, refusal = float(heights[-1]) - thickness, None
    for _ in range(ATTEMPTS):
        centres = _attempt(radii, thickness, room, box, gap, geometry, rng)
        if centres is None:
            continue
        bodies = Bodies(centres, radii, box)
        try:
            check_bodies(bodies, heights)
            return shifted(bodies, heights)
        except GeometryError as error:
            refusal = error
    if refusal is not None:
        raise GeometryError(f"no random places were found that can be meshed; of the last ones {refusal}")
    share = (math.pi * (radii + thickness) ** 2).sum() / box**2 if dim == 2 else (4.19 * (radii + thickness) ** 3).sum() / box**3
    raise GeometryError(
        f"{len(radii)} particles with their SEI would fill {100 * share:.1f} % of a box of {box:.4g} nm, and found no place "
        f"there with gaps of {gap:.4g} nm: a larger box, a smaller fraction or a smaller geometry.gap helps"
    )


def _radii(geometry: Particles, rng: np.random.Generator, unit: float) -> np.ndarray:
    """Radii (k,) with the mean and the spread asked for, largest first."""
    wide = geometry.spread * math.sqrt(3.0)  # a uniform distribution
    level = (np.arange(geometry.number) + 0.5) / geometry.number
    radii = geometry.core_radius / unit * (1.0 + wide * (2.0 * level - 1.0))
    rng.shuffle(radii)
    return np.sort(radii)[::-1] if geometry.contact == "apart" else radii


def _attempt(radii, thickness: float, binder: float, box: float, gap: float, geometry: Particles, rng) -> np.ndarray | None:
    """Centres (k, dim) placed one after the other, or None if one finds no place."""
    dim, edge = geometry.dimension, binder + max(gap, NEAREST * (thickness + binder))
    centres = np.empty((0, dim))
    for n, radius in enumerate(radii):
        room = radius + thickness + edge
        if 2.0 * room > box:
            return None
        if n and geometry.contact == "cores":
            x, partner = _beside(centres, radii[:n], radius, geometry.neck, rng)
        else:
            # in space no particle crosses a side
            low = np.full(dim, room if dim == 3 else 0.0)
            low[-1] = room
            x, partner = rng.uniform(low, box - low, (POSITIONS, dim)), np.full(POSITIONS, -1)
        within = x if dim == 3 else x[:, -1:]
        inside = ((within > room) & (within < box - room)).all(axis=1)
        away = x[:, None, :] - centres
        away[..., :-1] -= box * np.rint(away[..., :-1] / box)
        free = np.linalg.norm(away, axis=2) - radii[:n] - radius - 2.0 * thickness > gap
        free |= partner[:, None] == np.arange(n)
        # nor may it touch the image of the one it is beside
        fits = np.flatnonzero(inside & free.all(axis=1) & (box - 2.0 * room > 0.0))
        if not len(fits):
            return None
        place = x[fits[0]].copy()
        place[:-1] %= box
        centres = np.vstack([centres, place])
    return centres


def _beside(centres: np.ndarray, radii: np.ndarray, radius: float, neck: float, rng) -> tuple[np.ndarray, np.ndarray]:
    """Places (p, dim) where a core touches an earlier one in a neck of a given width, and the earlier one (p,)."""
    partner = rng.integers(len(radii), size=POSITIONS)
    half = neck * np.minimum(radii[partner], radius)
    distance = np.sqrt(radii[partner] ** 2 - half**2) + np.sqrt(radius**2 - half**2)
    direction = rng.normal(size=(POSITIONS, centres.shape[1]))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return centres[partner] + distance[:, None] * direction, partner
