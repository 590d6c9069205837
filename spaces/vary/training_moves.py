"""Moves that change how a graph is trained."""

from collections.abc import Sequence

from valp.spaces.vary.beta_moves import has_width, stepped
from valp.spaces.vary.revision import Revision


def hurried(revision: Revision) -> Sequence[None]:
    """Once, if the learning rate can change."""
    return [None] if has_width(revision.space.learning_rate) else []


def hurry(revision: Revision, _: None) -> bool:
    """Changes the learning rate."""
    old = revision.training.learning_rate
    rate = stepped(revision.choose, "learning_rate", old, revision.space.learning_rate)
    revision.training = revision.training.model_copy(update={"learning_rate": rate})
    return rate != old


def batches(revision: Revision) -> Sequence[int]:
    """The other batch sizes."""
    return [size for size in revision.space.batches_of(revision.batch) if size != revision.training.batch]


def batch(revision: Revision, size: int) -> bool:
    """Changes the batch size; the samples stay as many."""
    revision.training = revision.training.in_batches(size)
    return True


def warmups(revision: Revision) -> Sequence[float]:
    """The other KL warm-ups, if there is a KL loss."""
    latent = any(node.beta is not None for node in revision.nodes)
    return [share for share in revision.space.kl_warmups if latent and share != revision.training.kl_warmup]


def warm_up(revision: Revision, share: float) -> bool:
    """Changes the KL warm-up."""
    revision.training = revision.training.model_copy(update={"kl_warmup": share})
    return True
