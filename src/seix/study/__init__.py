"""Many runs from one file: plan, store, workers, tables, ensembles, calibration.

A study is a file that names a scenario and what to vary. Each case is an ordinary result folder known by the hash of its
input. Whoever works on a study takes cases one by one under a lock of the file system, so that processes of one sweep, ranks of
one ``mpirun``, jobs of an array and sweeps started twice all follow the same rule: a case belongs to who holds its lock, and is
done when its folder is complete.
"""
