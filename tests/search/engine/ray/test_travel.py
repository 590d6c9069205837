"""How files of parents and results travel between the driver and its workers."""

import copy
from dataclasses import replace

import pytest
import ray
from ray.exceptions import ActorUnavailableError, OutOfDiskError

from valp.search.engine.fault import Fault, UnreadableParentError
from valp.search.engine.job import Job
from valp.search.engine.parent_files import read_parent_files
from valp.search.engine.ray.last_words import leave_words, take_words
from valp.search.engine.ray.parcel import Parcel
from valp.search.engine.ray.parent_store import ParentStore
from valp.search.engine.ray.worker_error import worker_failure
from valp.search.engine.workplace import workplace
from valp.search.run.outcome import Outcome, write_outcome
from valp.search.run.result import Result
from valp.spaces.baselines.single_task import single_task
from valp.spaces.candidate import Candidate, Training

RESULT = Result({}, 0, "key", 0, (0.0, 0.0), "it had to", log="the end")


def test_a_parcel_gives_its_content_once_to_all_who_hold_it():
    parcel = Parcel([1, 2])
    copied = copy.deepcopy({"parents": parcel})["parents"]
    assert copied.take() == [1, 2]
    assert parcel.take() is None


def test_a_worker_on_a_machine_that_is_lost_and_a_full_store_are_not_the_fault_of_the_candidate():
    lost = worker_failure(ActorUnavailableError("Socket closed", None))
    assert (lost.fault, lost.reason.split(":")[0]) == (Fault.WORKER, "the worker process cannot be reached")
    assert worker_failure(OutOfDiskError("no space left on device")).fault is Fault.FILES


@pytest.fixture
def job(tmp_path, digits_problem):
    """A child of two parents, whose folders have weights of 100 bytes each."""
    graph = single_task(digits_problem, "digit")
    name = graph.networks[0].name
    parent = Candidate(graph=graph, training=Training(steps=1))
    for number in (3, 5):
        write_outcome(
            tmp_path / str(number), parent, Outcome(replace(RESULT, failure=None), weights=bytes([number]) * 100)
        )
    child = parent.model_copy(update={"parent": 3, "inherits": {name: (3, name), f"{name}2": (5, name)}})
    return Job(child, tmp_path / "7", number=7)


@pytest.mark.heavy
def test_each_parent_is_read_once_until_it_is_forgotten_or_there_is_no_room(ray_session, job, tmp_path):
    store = ParentStore()
    files = [read_parent_files(path) for path in job.parent_paths]
    assert [one.weights[0] for one in files] == [*job.candidate.parents]
    assert ray.get(store.of(job)) == files
    (tmp_path / "5" / "weights.safetensors").unlink()
    assert ray.get(store.of(job)) == files
    small = ParentStore(room=1)
    with pytest.raises(UnreadableParentError, match="candidate 5 has no weights"):
        small.of(job)
    store.forget(job)
    with pytest.raises(UnreadableParentError, match="candidate 5 has no weights"):
        store.of(job)


@pytest.mark.heavy
def test_references_to_parents_arrive_inside_a_parcel(ray_session, job):
    @ray.remote
    def take(config):
        return ray.get(config["parents"].take())

    parcel = Parcel(ParentStore(room=1).of(job))
    assert ray.get(take.remote({"parents": parcel})) == [read_parent_files(path) for path in job.parent_paths]


@pytest.mark.heavy
def test_the_last_words_of_a_worker_are_read_once(ray_session):
    @ray.remote
    def leave():
        leave_words("a key", RESULT)

    assert take_words("a key") is None
    ray.get(leave.remote())
    assert take_words("a key") == RESULT
    assert take_words("a key") is None


@pytest.mark.heavy
def test_a_program_that_is_connected_to_ray_uses_its_cpus(ray_session):
    with workplace(None, None) as place:
        assert (place.workers, place.cluster) == (2, "the Ray cluster of this program (1 node)")
        assert place.memory is not None
    assert ray.is_initialized()
