"""How tblite and xtb-python compute: a faster matrix library from a wheel that is there anyway, one thread."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

#: Packages whose wheels carry OpenBLAS, the faster one first: xtb-python's is newer, and ends with Python 3.11.
_LENDERS = ("xtb", "gfnff")
#: What OpenBLAS needs, in this order, and then OpenBLAS: the wheel's libraries do not find one another.
_LIBRARIES = ("libquadmath-*.so*", "libgfortran-*.so*", "libopenblas*.so*")


@lru_cache(maxsize=1)
def lend_openblas() -> str:
    """Make tblite use the OpenBLAS of another wheel; return which BLAS tblite has.

    tblite's wheel carries netlib's reference BLAS and LAPACK, which take more than half of the time
    of a complex. The dynamic linker looks for a symbol in the global scope before it looks in the
    library a program was linked with, so an OpenBLAS loaded globally before tblite's extension is
    the one tblite calls. It gets one thread: complexes run beside one another, and matrices of some
    hundred rows gain nothing from a second one. Returns "own BLAS" where the wheels are built otherwise
    or tblite has been imported before; energies are the same within 1e-9 Eh. Raises `OSError` when
    the library is there but broken.
    """
    if "tblite" in sys.modules:
        return "own BLAS"
    found = [paths for name in _LENDERS if (paths := _libraries(name))]
    if not found:
        return "own BLAS"
    *needed, last = found[0]
    for path in needed:
        ctypes.CDLL(str(path))
    openblas = ctypes.CDLL(str(last), mode=ctypes.RTLD_GLOBAL)
    openblas.openblas_set_num_threads(1)
    openblas.openblas_get_config.restype = ctypes.c_char_p
    name, version, *_ = openblas.openblas_get_config().decode().split()
    return f"{name} {version}"


def _libraries(package: str) -> list[Path]:
    """Return OpenBLAS of a package's wheel with what it needs before it; nothing when one of them is missing."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parents[1] / f"{package}.libs"
    paths = [next(folder.glob(pattern), None) for pattern in _LIBRARIES]
    return [path for path in paths if path is not None] if None not in paths else []


def one_thread(extension: str) -> None:
    """Give the OpenMP code of an extension module (its file) one thread, unless OMP_NUM_THREADS says otherwise.

    Over molecules of this size its threads wait for each other: a relaxation took ten times as long
    on two busy cores.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        # A handle finds the symbols of all libraries that the extension was linked with.
        ctypes.CDLL(extension).omp_set_num_threads(1)
