"""A parcel: something large that passes through Tune, which copies configurations and keeps results."""

from typing import Generic, TypeVar

Content = TypeVar("Content")


class Parcel(Generic[Content]):
    """Holds something until it is taken out. Then all that keep the parcel hold nothing any more.

    Tune keeps the configuration and the last result of each trial until its end. An empty parcel among them costs
    nothing.
    """

    def __init__(self, content: Content) -> None:
        self._content: Content | None = content

    def take(self) -> Content | None:
        """Takes the content out; None if it has been taken out before."""
        content, self._content = self._content, None
        return content

    def __deepcopy__(self, memo: object) -> "Parcel[Content]":
        return self  # a copy in this process would keep the content

    def __repr__(self) -> str:
        return "Parcel"  # Tune makes names of files from configurations
