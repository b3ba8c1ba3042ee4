"""Hand-written primals and adjoints for Numba: the limit that a generator of gradients can reach.

`name(*args)` returns the value and the gradients; `name_primal(*args)` the value. The arguments are not written.
"""

import numba

compiled = numba.njit(error_model="numpy", cache=True)
