"""The errors a user can cause. Each message is one sentence: what must hold, what was found, where."""


class ValpError(Exception):
    """The root of every error that wrong input causes; the command line prints it and exits with 1."""


class DataError(ValpError):
    """Data that is absent, unreadable or does not fit the problem."""


class FileError(ValpError):
    """A graph, candidate, bundle or run on disk that cannot be read or must not be overwritten."""


class SettingError(ValpError):
    """A setting outside the values it may take."""
