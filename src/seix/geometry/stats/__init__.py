"""What was made, measured: sizes, gaps, correlations, profiles and connections of the grains of a structure.

- `grains`: the grains as bodies, round or not: measures, surfaces, distances
- `convex`: distance of two convex bodies
- `neighbours`: near pairs across periodic sides, and nearest gaps
- `sizes`: distributions of diameters and gaps, asked, found, and of hard discs or spheres in equilibrium
- `profile`: fraction over the height above the core
- `windows`: points and pairs of points of a layer, which the correlations need
- `correlation`: pair correlation of the centres and two-point correlation of the phases
- `connection`: clusters of near grains, and the distance at which they bridge the film
- `full`: all of it together
"""
