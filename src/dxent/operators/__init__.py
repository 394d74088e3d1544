"""Linear maps with structure: the Jacobians and Hessians of everything in this package.

They know nothing of functions or data. Read `base` first, then `rules`.
"""
