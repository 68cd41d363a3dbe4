from __future__ import annotations

import pytest

from reexplore.energies.dft.blas import openblas_environment

AVX512 = "avx512f avx512dq avx512cd avx512bw avx512vl"


def cpuinfo(vendor: str, flags: str) -> str:
    one = f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: fpu sse2 {flags}\n\n"
    return one + one.replace("processor\t: 0", "processor\t: 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (cpuinfo("GenuineIntel", f"avx avx2 fma {AVX512}"), {"OPENBLAS_CORETYPE": "SkylakeX"}),
        (cpuinfo("AuthenticAMD", f"avx avx2 fma {AVX512}"), {"OPENBLAS_CORETYPE": "SkylakeX"}),
        (cpuinfo("AuthenticAMD", "avx avx2 fma"), {"OPENBLAS_CORETYPE": "Haswell"}),
        # Knights Landing has avx512f without the instructions the kernels use.
        (cpuinfo("GenuineIntel", "avx avx2 fma avx512f avx512cd"), {"OPENBLAS_CORETYPE": "Haswell"}),
        (cpuinfo("GenuineIntel", "avx"), {}),
        ("processor\t: 0\nFeatures\t: fp asimd\n", {}),
        ("", {}),
    ],
)
def test_kernels_follow_the_flags(text, expected):
    assert openblas_environment(text) == expected
