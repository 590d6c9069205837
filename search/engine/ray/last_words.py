"""What a worker leaves for the driver before it ends its own process: why its candidate failed.

A process that ends can no longer return a result. Ray's key-value store, which is in the head of the cluster, keeps the
few bytes until the driver has read them.
"""

import json
from dataclasses import asdict

from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_put

from valp.search.run.result import Result

NAMESPACE = "valp"


def leave_words(key: str, result: Result) -> None:
    """Leaves the result of a candidate that has failed.

    Args:
        key: the key of the trial, which only its driver and its worker know.
        result: the result.
    """
    _internal_kv_put(key, json.dumps(asdict(result)), namespace=NAMESPACE)


def take_words(key: str) -> Result | None:
    """The result that a worker has left, which is deleted; None if there is none."""
    words = _internal_kv_get(key, namespace=NAMESPACE)
    if words is None:
        return None
    _internal_kv_del(key, namespace=NAMESPACE)
    return Result.of(json.loads(words))
