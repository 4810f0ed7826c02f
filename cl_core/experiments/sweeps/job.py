"""A sweep under way: its runs go to the workers in short tasks, so that a stop or a dead worker costs little.

Pages and the command line use the same job. On a page its tasks wait in the fair queue as one client, so however many
runs it has, another visitor's training gets an equal share of the workers.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf
from typing import Literal

from cl_core.data.errors import ExplainedError
from cl_core.experiments.sweeps import trials
from cl_core.experiments.sweeps.plan import Plan, Trial
from cl_core.experiments.sweeps.trials import Outcome, TrialState
from cl_core.runtime import errors

LEASE = 10.0  # seconds that a page's sweep goes on without a renewal
TASK_SECONDS = 0.6
SHARED_TASK_SECONDS = 0.15  # of a task while others wait: one that runs cannot be interrupted
WAIT_SECONDS = 0.2  # between two looks at whether others still wait
MAX_DEATHS = 3  # of workers over one run, after which that run has failed
ADVICE = "Try fewer values, a smaller batch or other settings."

Phase = Literal["running", "stopped", "done", "failed"]
Key = tuple[float, float, int]  # of a trial


@dataclass(frozen=True)
class SweepProgress:
    """How far a sweep is.

    Attributes:
        phase: "running", "stopped" (on request, or because its lease ended), "done" or "failed".
        outcomes: measurements of the finished runs, by `Trial.key`.
        total: number of runs.
        share: share of all training steps that are done, 0 to 1.
        seconds_left: estimate of the time to go; infinite while unknown.
        failure: why it cannot go on, for the visitor; "" if it can.
    """

    phase: Phase
    outcomes: Mapping[Key, tuple[Outcome, ...]]
    total: int
    share: float
    seconds_left: float
    failure: str = ""


class SweepJob:
    """One sweep; every method returns at once.

    Args:
        executor: the workers.
        plan: what to run.
        done: measurements of runs that were finished before, by `Trial.key`; they are not run again.
        at_once: number of runs at a time.
        lease: seconds without `renew_lease` after which it stops; infinite for none.
        is_shared: tells whether others use the workers too. Then tasks are shorter, and half as many at a time: the
            queue shares time fairly, but a short task of a visitor would wait for long ones to end.
        on_finished: called with each run that is finished, in a thread of the job; an OSError that it raises ends the
            sweep.
    """

    def __init__(
        self,
        executor: Executor,
        plan: Plan,
        done: Mapping[Key, tuple[Outcome, ...]] | None = None,
        *,
        at_once: int = 2,
        lease: float = LEASE,
        is_shared: Callable[[], bool] = lambda: False,
        on_finished: Callable[[Trial, tuple[Outcome, ...]], None] = lambda _trial, _outcomes: None,
    ) -> None:
        self.plan = plan
        self._executor = executor
        self._at_once = at_once
        self._lease = lease
        self._is_shared = is_shared
        self._on_finished = on_finished
        self._lock = threading.Condition()
        known = {trial.key for trial in plan.trials}
        self._outcomes = {key: outcomes for key, outcomes in (done or {}).items() if key in known}
        self._states: dict[Key, TrialState] = {}  # of runs that were begun
        self._waiting = deque(trial for trial in plan.trials if trial.key not in self._outcomes)
        self._deaths = Counter[Key]()
        self._threads: set[int] = set()  # numbers of those that run
        self._phase: Phase = "stopped"
        self._failure = ""
        self._steps_before, self._began = 0, 0.0
        self.resume()

    def resume(self) -> None:
        """Go on from where it was stopped."""
        with self._lock:
            if self._phase != "stopped":
                return
            if not (self._waiting or self._threads):
                self._phase = "done"
                return
            self._phase = "running"
            self._lease_end = time.monotonic() + self._lease
            self._steps_before, self._began = self._steps_done(), time.monotonic()
            while len(self._threads) < min(self._at_once, len(self._threads) + len(self._waiting)):
                number = next(number for number in range(self._at_once) if number not in self._threads)
                self._threads.add(number)
                threading.Thread(target=self._work, args=(number,), name="sweep", daemon=True).start()

    def renew_lease(self) -> None:
        """Let it go on for another lease."""
        with self._lock:
            self._lease_end = time.monotonic() + self._lease

    def stop(self) -> None:
        """Submit no further task; runs that were begun go on from there with `resume`."""
        with self._lock:
            if self._phase == "running":
                self._phase = "stopped"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing of it runs any more; return False if `timeout` seconds passed before."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._threads, timeout)

    def progress(self) -> SweepProgress:
        """Return how far it is right now."""
        with self._lock:
            steps, total = self._steps_done(), self.plan.total_steps
            new = steps - self._steps_before
            elapsed = time.monotonic() - self._began
            left = elapsed * (total - steps) / new if new > 0 and self._phase == "running" else inf
            return SweepProgress(
                self._phase, dict(self._outcomes), len(self.plan.trials), steps / total, left, self._failure
            )

    def _steps_done(self) -> int:
        """Return how many training steps are done; lock held."""
        begun = sum(
            state.state.step for key, state in self._states.items() if key not in self._outcomes and state.state
        )
        return begun + sum(trial.measured[-1] for trial in self.plan.trials if trial.key in self._outcomes)

    def _work(self, number: int) -> None:
        """Run one trial after the other, in a thread that only waits for tasks."""
        try:
            while (trial := self._next(number)) is not None:
                self._run(trial, number)
        except Exception as error:
            with self._lock:
                self._failure, self._phase = errors.describe_error(error, ADVICE), "failed"
        with self._lock:
            self._threads.remove(number)
            if not self._threads and self._phase == "running":
                self._phase = "done"
            self._lock.notify_all()

    def _next(self, number: int) -> Trial | None:
        """Return the next trial for a thread, once it is not to stand back; None when there is none."""
        while True:
            with self._lock:
                if not (self._goes_on() and self._waiting):
                    return None
                if not self._stands_back(number):
                    return self._waiting.popleft()
            time.sleep(WAIT_SECONDS)

    def _stands_back(self, number: int) -> bool:
        """Return whether a thread leaves its worker to others: half of the threads do so. Lock held."""
        before = sum(other < number for other in self._threads)
        return before >= max(1, self._at_once // 2) and self._is_shared()

    def _goes_on(self) -> bool:
        """Return whether to submit more; end with the lease. Lock held."""
        if self._phase == "running" and time.monotonic() >= self._lease_end:
            self._phase = "stopped"
        return self._phase == "running"

    def _run(self, trial: Trial, number: int) -> None:
        state = self._states.get(trial.key, TrialState())
        while not state.is_done(trial):
            with self._lock:
                if not self._goes_on() or self._stands_back(number):
                    self._waiting.appendleft(trial)
                    return
            seconds = SHARED_TASK_SECONDS if self._is_shared() else TASK_SECONDS
            try:
                state = self._executor.submit(trials.advance, trial, state, seconds).result()
            except errors.WORKER_DEATHS:
                self._count_death(trial)
                continue
            with self._lock:
                self._states[trial.key] = state
        self._on_finished(trial, state.outcomes)
        with self._lock:
            self._outcomes[trial.key] = state.outcomes
            self._states.pop(trial.key, None)  # its weights are not needed any more

    def _count_death(self, trial: Trial) -> None:
        self._deaths[trial.key] += 1
        if self._deaths[trial.key] >= MAX_DEATHS:
            raise ExplainedError(
                f"The worker processes died {MAX_DEATHS} times over one run of the sweep. The machine may be out of "
                f"memory. Finished runs are kept. {ADVICE}"
            )
