"""What runs on this machine."""

from collections.abc import Iterator

import psutil


def processes() -> Iterator[psutil.Process]:
    """Yield every process, its command line in `info`, as it is now: numbers are given again, and psutil remembers."""
    psutil.process_iter.cache_clear()
    yield from psutil.process_iter(["cmdline"])
