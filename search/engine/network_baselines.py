"""The single-task networks of a search: which are to be trained, and by which driver."""

from collections.abc import Iterable, Iterator, Mapping

from valp.search.engine.baseline_jobs import longer_jobs, network_jobs
from valp.search.engine.job import Job
from valp.search.run.baseline_scores import BaselineScores
from valp.search.run.claims import Claims
from valp.search.run.folder import Folder, finished_result
from valp.search.run.ledger import Ledger
from valp.search.run.settings import Settings
from valp.search.strategies import Question


class NetworkBaselines:
    """Hands out the single-task networks.

    Args:
        folder: the run's folder.
        settings: its settings.
        ledger: its ledger.
        claims: the claims of this driver.
        question: what the search is asked.
    """

    def __init__(self, folder: Folder, settings: Settings, ledger: Ledger, claims: Claims, question: Question) -> None:
        self._folder, self._level, self._ledger = folder, settings.baselines, ledger
        self._claims, self._question = claims, question
        self._tried: set[str] = set()

    def scores(self) -> BaselineScores:
        """What the baselines of the run have reached."""
        problem, objectives = self._question.problem, self._ledger.objectives
        outputs = [output.name for output in problem.outputs]
        return BaselineScores(problem.metrics_with(objectives), objectives, outputs, self._ledger.baselines)

    def text(self, scores: Mapping[str, float], output: str | None = None) -> str:
        """The objectives among scores as text; if an output is given, only its own and those of the graph."""
        told = {name: metric for name, metric in self._ledger.objectives.items() if name in scores}
        own = {name: one for name, one in told.items() if output is None or one.output in (output, None)}
        return "  ".join(f"{name} {metric.score.text(scores[name])}" for name, metric in own.items())

    def waiting(self) -> list[Job]:
        """The networks that are not trained yet. Finished folders are recorded."""
        jobs = network_jobs(self._folder, self._question, self._level, self.scores())
        return [*self._unfinished(jobs)]

    def untried(self) -> list[Job]:
        """The networks that are not trained yet, without those that this driver has begun in this session."""
        return [job for job in self.waiting() if job.title not in self._tried]

    def longer(self) -> list[Job]:
        """The best tuned networks, to be trained longer at the end of a search with tuned networks."""
        return [*self._unfinished(longer_jobs(self._folder, self._question, self._ledger.front(), self.scores()))]

    def takes(self, job: Job) -> bool:
        """Claims a network. False if another driver trains it or has trained it."""
        if job.output is None or not self._claims.claim(f"{job.output}/{job.code}"):
            return False
        self._tried.add(job.title)
        return not (self._claims.shared and job.code in self._ledger.baselines.get(job.output, {}))

    def _unfinished(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """The networks among `jobs` that are to be trained. Finished folders are recorded instead."""
        for job in jobs:
            result = finished_result(job.path, job.candidate)
            if result is None or job.output is None:
                yield job
            else:
                self._ledger.tell_baseline(job.output, job.code, result)
