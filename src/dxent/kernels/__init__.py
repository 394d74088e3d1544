"""Arrays in, arrays out: the numerical loops of dxent, defined once in NumPy and compiled where possible.

`reference` is the definition, `dispatch` what the other layers call.
"""
