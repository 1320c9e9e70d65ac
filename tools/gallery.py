"""Makes the pictures of docs/images and the page docs/gallery.md that shows them, with the command behind each.

    python tools/gallery.py                  all pictures but those of results
    python tools/gallery.py octant cone      these only
    python tools/gallery.py --runs           also those of results, whose computation takes minutes

The page is always written anew. Meshes are kept in ./meshes, as by `seix mesh`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE, IMAGES = ROOT / "docs/gallery.md", ROOT / "docs/images"
LEVEL = 4
"""Steps of the colours, of 255."""
HEAD = """# Gallery

Every picture is made by the command below it (`make gallery` makes all of them; a comparison gives one picture for each of
its structures). `phases` shows materials, `grains` gives each grain a colour of its own.
"""


@dataclass(frozen=True)
class Picture:
    """One picture of the gallery.

    Attributes
    ----------
    name : str
        Of the file in docs/images.
    scenario : str
        File below scenarios/.
    caption : str
        Below the picture.
    kind : str
        `phases`, `grains`, `mesh`, `statistics`, or `run`: the panel of a computed comparison.
    overrides : tuple of str
        ``key.path=value``.
    member : str
        Structure of a comparison.
    dpi : int
        Resolution, so that no file is above about 250 kB.
    """

    name: str
    scenario: str
    caption: str
    kind: str = "phases"
    overrides: tuple[str, ...] = ()
    member: str = ""
    dpi: int = 125

    @property
    def command(self) -> str:
        """What a user types."""
        what = "run" if self.kind == "run" else "mesh"
        how = {"run": "", "statistics": " --stats"}.get(self.kind, f" --draw {self.kind}")
        given = "".join(f" \\\n  --set '{override}'" for override in self.overrides)
        return f"seix {what} scenarios/{self.scenario}{how}{given}"


SECTIONS: dict[str, tuple[Picture, ...]] = {
    "A flat piece of SEI in the plane": (
        Picture("bilayer", "paper/field_and_stress.yaml", "Bilayer: coarse round grains in the inner half.", member="bilayer"),
        Picture("multilayer", "paper/field_and_stress.yaml", "Multilayer: the same amount of LiF and Li₃N as fine grains.",
                member="multilayer"),
        Picture("conssei_5", "examples/consSEI_family.yaml", "consSEI-5th: five layers in 400 nm, grains follow the layers.",
                member="x5"),
        Picture("conssei_20", "examples/consSEI_family.yaml", "consSEI-20th: twenty layers in the same thickness.",
                overrides=("geometry.period_in_layers=20",), member="x20"),
        Picture("grown_by_a_sweep", "examples/activation.yaml", "Grown by the growth law in one falling sweep: a bilayer.",
                member="sweep"),
        Picture("grown_by_pulses", "examples/activation.yaml", "By the same law, twenty pulses before the sweep: grains in "
                "several layers, fewer than pulses.", member="pulses"),
        Picture("cellular", "examples/cellular_grains.yaml", "Cellular grains: power cells shrunk by a film and rounded, 70 % of "
                "the inner layer."),
        Picture("polycrystal", "examples/polycrystal.yaml", "Polycrystal: grains that share their boundaries, which have no "
                "thickness."),
        Picture("layer_list", "examples/layer_list.yaml", "A free list of layers: oligomer between the grains of the inner one, "
                "fewer and finer grains outwards, none in the last."),
        Picture("voids", "examples/layer_list.yaml", "The same with pores in the second layer: a void is a phase like any other.",
                overrides=("sei.layers.1.phases={LiF: 0.15, void: 0.15}",)),
        Picture("silicon_domains", "examples/silicon_domains.yaml", "Silicon domains in the carbon of the core."),
    ),
    "Particles in the plane": (
        Picture("full_particle", "examples/full_particle.yaml", "A whole particle."),
        Picture("sector", "examples/sector_particle.yaml", "A sector of a particle between two mirror planes."),
        Picture("several_particles", "examples/several_particles.yaml", "Five particles, three of which touch through their "
                "cores."),
        Picture("random_particles", "examples/several_particles.yaml", "Particles at random places, each grown together with an "
                "earlier one.",
                overrides=("title=Eight particles at random places", "geometry={box: null, particles: null, number: 8, "
                           "core_radius: 40 nm, spread: 0.2, fraction: 0.5, contact: cores}")),
        Picture("binder", "examples/binder.yaml", "Binder on the SEI of several particles, which bridges those that are near."),
    ),
    "In space": (
        Picture("block", "examples/consSEI_family_3d.yaml", "A block of consSEI-5th, cut open, and two sections.", member="x5"),
        Picture("cellular_block", "examples/cellular_grains.yaml", "Cellular grains in space.",
                overrides=("title=Cellular grains in space", "geometry.dimension=3", "geometry.period=30 nm",
                           "sei.inorganic={LiF: 0.30, Li3N: 0.10}", "sei.grains={gap: 0.3 nm, rounding: 0.2}",
                           "mesh={cells_per_diameter: 3, cells_per_gap: 0.6}")),
        Picture("octant", "examples/octant.yaml", "An octant of a particle between three mirror planes."),
        Picture("cone", "examples/octant.yaml", "A four-sided cone of a particle.",
                overrides=("title=Cone of a particle in space", "geometry.sector=40 deg")),
        Picture("sphere", "examples/octant.yaml", "A whole particle with cellular grains.", dpi=125,
                overrides=("title=Particle in space with cellular grains", "geometry.sector=full",
                           "sei.inorganic={LiF: 0.30, Li3N: 0.10}",
                           "sei.grains={diameter: 4 nm, gap: 0.3 nm, shape: cellular}", "mesh.cells_per_gap=0.6")),
        Picture("particles_in_space", "examples/particles_in_space.yaml", "Five particles, three of which have grown together."),
    ),
    "Grains, meshes and statistics": (
        Picture("grains", "examples/cellular_grains.yaml", "Grains by colour.", kind="grains"),
        Picture("mesh", "examples/silicon_domains.yaml", "A mesh, and the place of its smallest cell.", kind="mesh", dpi=105),
        Picture("mesh_3d", "examples/octant.yaml", "A mesh in space.", kind="mesh", dpi=95),
        Picture("statistics", "paper/field_and_stress.yaml", "Statistics of the multilayer, asked against found "
                "([definitions](statistics.md)).", kind="statistics", member="multilayer", dpi=150),
    ),
    "Results": (
        Picture("field_and_stress", "paper/field_and_stress.yaml", "Field enhancement and stress of the bilayer and the "
                "multilayer.", kind="run", dpi=125),
        Picture("field_3d", "paper/field_3d.yaml", "The comparison in space: sections with the electric field over E₀ and the "
                "first principal stress.", kind="run", dpi=125),
    ),
}  # fmt: skip


def make(picture: Picture) -> None:
    """Write one picture."""
    from seix.analysis.counting import grains_in_words
    from seix.analysis.meshfigure import write_mesh_figure
    from seix.analysis.panel import write_panel
    from seix.analysis.statfigure import write_statistics_figure
    from seix.analysis.structurefigure import write_structure_figure
    from seix.app import MESHES, run
    from seix.geometry.layers import build_structure
    from seix.geometry.statistics import full_statistics
    from seix.scenario_file import load_study
    from seix.simulation import cached

    file, target = ROOT / "scenarios" / picture.scenario, IMAGES / f"{picture.name}.png"
    if picture.kind == "run":
        write_panel(target, run(file, picture.overrides), picture.dpi)
        return
    members = load_study(file, picture.overrides).members
    scenario = members[picture.member] if picture.member else next(iter(members.values()))
    mesh, _ = cached(scenario, 1.0, MESHES)
    if picture.kind == "statistics":
        found = full_statistics(build_structure(scenario))
        write_statistics_figure(target, found, scenario.title, picture.dpi, grains_in_words(mesh))
        return
    if picture.kind == "mesh":
        note = write_mesh_figure(target, mesh, scenario.title, picture.dpi)
    else:
        note = write_structure_figure(target, mesh, scenario.title, picture.kind, picture.dpi)
    if note:
        sys.exit(f"{picture.name}: no picture of a body in space: {note}")


def shrink(path: Path) -> None:
    """Round the colours of a picture, whose file is then a third smaller; the eye does not see it."""
    from matplotlib.image import imread, imsave

    colours = 255.0 * imread(path)[..., :3]
    rounded = (LEVEL * (colours / LEVEL).round()).clip(0, 255).astype("uint8")
    imsave(path, rounded, metadata={"Software": "seix"}, pil_kwargs={"optimize": True})


def page() -> str:
    """The page with all pictures that exist."""
    lines = [HEAD]
    for title, pictures in SECTIONS.items():
        lines.append(f"## {title}\n")
        for picture in pictures:
            if (IMAGES / f"{picture.name}.png").is_file():
                lines += [f"![{picture.name.replace("_", " ")}](images/{picture.name}.png)\n", f"{picture.caption}\n"]
                lines.append(f"```sh\n{picture.command}\n```\n")
    return "\n".join(lines)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="pictures to make; all by default")
    parser.add_argument("--runs", action="store_true", help="also compute the pictures of results")
    given = parser.parse_args()
    pictures = [picture for section in SECTIONS.values() for picture in section]
    unknown = set(given.names) - {picture.name for picture in pictures}
    if unknown:
        parser.error(f"no picture {', '.join(sorted(unknown))}; there are {', '.join(picture.name for picture in pictures)}")
    for picture in pictures:
        if picture.name in given.names if given.names else picture.kind != "run" or given.runs:
            start = time.perf_counter()
            make(picture)
            shrink(IMAGES / f"{picture.name}.png")
            size = (IMAGES / f"{picture.name}.png").stat().st_size
            print(f"{picture.name}: {time.perf_counter() - start:.1f} s, {1e-3 * size:.0f} kB", flush=True)
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
