"""Which matrix kernels PySCF's bundled OpenBLAS should use on this processor."""

from __future__ import annotations

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
#: What OpenBLAS's SkylakeX kernels need.
_AVX512 = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
_AVX2 = frozenset({"avx2", "fma"})


def openblas_environment(cpuinfo: str | None = None) -> dict[str, str]:
    """Return the environment that makes PySCF's bundled OpenBLAS use fast kernels; empty when unsure.

    PySCF's wheels carry OpenBLAS 0.3.3 of 2018, which runs its oldest kernels on any processor it
    does not know by name. `OPENBLAS_CORETYPE` names the kernels; a name the processor cannot run
    would end in an illegal instruction, hence it is read from the processor's own flags
    (`cpuinfo`, by default the text of /proc/cpuinfo). It acts only when it is in the environment before a process
    starts. A value the user has set should win: `{**openblas_environment(), **os.environ}`.
    """
    if cpuinfo is None:
        cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    flags = _fields(cpuinfo).get("flags", set())
    if flags >= _AVX512:
        return {"OPENBLAS_CORETYPE": "SkylakeX"}
    if flags >= _AVX2:
        return {"OPENBLAS_CORETYPE": "Haswell"}
    return {}


def _fields(cpuinfo: str) -> dict[str, set[str]]:
    """Return the words behind each name of the first processor listed."""
    first = cpuinfo.strip().split("\n\n", maxsplit=1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): set(value.split()) for name, _, value in pairs}
