"""A display for tests that shows nothing and keeps what it was given."""

from valp.search.show.display import SilentDisplay


class Listener(SilentDisplay):
    """Keeps the lines, and the numbers of the candidates that ended."""

    def __init__(self):
        self.lines, self.ended = [], []

    def say(self, line):
        self.lines.append(line)

    def show(self, status, ended=None):
        if ended is not None:
            self.ended.append(ended[0])
