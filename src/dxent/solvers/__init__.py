"""Solvers: each a generator of ever better evaluations of a `Problem`, of which it sees nothing else."""
