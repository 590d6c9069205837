"""A benchmark that is interrupted, as by Ctrl-C, and called again."""


class Interrupted:
    """A training that is interrupted at one of its calls.

    Args:
        trained: trains a job, which has a `key`.
        at: the call that is interrupted, from 1.

    Attributes:
        calls: the keys of the jobs, one for each call.
    """

    def __init__(self, trained, at):
        self._trained, self._at, self.calls = trained, at, []

    def __call__(self, job, *rest):
        self.calls.append(job.key)
        if len(self.calls) == self._at:
            raise KeyboardInterrupt
        return self._trained(job, *rest)
