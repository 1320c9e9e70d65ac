"""From a protocol of voltage steps to the SEI that it grows: an explicit model, whose equations are in docs/theory.md.

`growth` turns steps into deposits, `layering` deposits into layers with grains, `efficiency` their charge into coulombic
efficiencies, and `origins` says of every parameter where its value comes from. All of it is plain arithmetic in closed form.
"""
