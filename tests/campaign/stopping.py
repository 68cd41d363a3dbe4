"""An executor that ends its process, as it were, in the middle of a campaign."""

from reexplore.execution.executor import SerialExecutor


class Stopping(SerialExecutor):
    """Computes in this process and ends it, as it were, after so many tasks."""

    def __init__(self, *, after, **places):
        super().__init__(**places)
        self._left = after

    def submit(self, task):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().submit(task)
