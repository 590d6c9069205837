"""A display for tests: nothing is shown, and what a search told can be asked for."""

from valp.search.show.display import SilentDisplay


class Listener(SilentDisplay):
    """Keeps the lines that it was told and the numbers of the candidates that ended."""

    def __init__(self):
        self.lines, self.ended = [], []

    def say(self, line):
        self.lines.append(line)

    def show(self, status, ended=None):
        if ended is not None:
            self.ended.append(ended[0])
