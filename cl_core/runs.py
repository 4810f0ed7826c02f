"""A run as its page holds it: asked to play, pause or step, looked at, and let go.

Behind it the engine hands out the next piece of work whenever one is done: a chunk of steps up to the next frames, or a
frame itself, which another worker makes while training goes on. Pausing means that no next chunk is handed out; so does
a lease that nobody renews. A run is a value between two chunks, so a worker that dies costs the chunk it was at and
nothing else. One that nobody has looked at for a while is laid by on the disk until somebody does.
"""

import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cl_core import memory, prepared, shelf, workers
from cl_core.frames import MOST, Frame, Look, Phase, References, next_frames
from cl_core.prepared import Prepared
from cl_core.recovery import Recovery
from cl_core.training import MAX_STEPS, RunSpec, State
from cl_core.transport import Transport
from cl_core.turns import Seat
from cl_core.workers import Parcel

if TYPE_CHECKING:
    from cl_core.engine import Engine
    from cl_core.exports.run_file import Kept

CHUNK = 0.6  # seconds after which a chunk ends wherever it is, so that a pause is soon felt
AHEAD = 4  # frames that one chunk of a run flat out may come to: each time of handing over is time lost


class Run(Transport):
    """One run as its page holds it. Every method returns at once; `look` says what became of it."""

    _begin: Callable[..., tuple[Parcel, Frame, References]] = staticmethod(workers.begin)
    _draw: Callable[..., Frame] = staticmethod(workers.draw)

    def __init__(self, engine: "Engine", spec: RunSpec, n: int, name: str, seat: Seat) -> None:
        super().__init__(engine)
        self.spec = spec
        self.n = n
        self.name = name
        self._seat = seat
        self._parcel: Parcel | None = None
        self._shelf = shelf.Shelf(name, engine.turns)
        self._working = False  # on a chunk, or on the first state
        self._drawing = False  # the frame of the first state that is due
        self._due: deque[Parcel] = deque()  # states that wait for theirs
        self._stepping = False  # the chunk under way is a step that was asked for
        self._goals: list[int] = []  # steps of the frames that the chunk under way is to come to
        self._frames: list[Frame] = []
        self._losses: list[NDArray[np.float32]] = []
        self._empty = 0
        self._references: References | None = None
        self._recovery = Recovery()
        self._failure: str | None = None

    def take_up(self, kept: "Kept") -> None:
        """Go on where a run of the same spec was when it was kept, in place of a first state; before it has one."""
        with self._engine.changed:
            self._frames, self._losses = list(kept.frames), [kept.losses]
            self._empty, self._references, self._failure = kept.empty, kept.references, kept.state.failure
            self._parcel = Parcel.pack(kept.state, self._slots(1)[0])
            self._settle()

    def renew(self, times: float = 1.0) -> None:
        """Say that somebody is still looking, and will again before so many times a lease is over."""
        with self._engine.changed:
            super().renew(times)
            self._take_back()

    def play(self) -> None:
        """Train on, at the run's pace."""
        self._change(_playing=True, _next_start=0.0)

    def pause(self) -> None:
        """Hand out no further chunk; one that is under way is finished, and the run rests at a frame."""
        with self._engine.changed:
            self._change(_playing=False, _single=0)
            self._settle()

    def step(self) -> None:
        """Pause, and do one step."""
        with self._engine.changed:
            self._change(_playing=False, _single=self._single + 1)

    def close(self) -> None:
        """End the run; what was seen of it stays, and its weights go when nobody holds it."""
        self._change(_closed=True, _playing=False, _single=0)

    @property
    def over(self) -> bool:
        """Whether it can't go on: it failed, or did all its steps."""
        return self._failure is not None or self._steps >= MAX_STEPS

    @property
    def started(self) -> bool:
        """Whether it was ever asked to train."""
        return bool(self._steps or self._playing or self._single)

    @property
    def busy(self) -> bool:
        """Whether there will be more to see without a further word."""
        with self._engine.changed:
            opening = self._parcel is None and self._failure is None
            return opening or bool(self._due) or self._working or self._drawing or self.playing or self._single > 0

    def look(self) -> Look:
        """What there is to see right now."""
        with self._engine.changed:
            self._take_back()
            state = self._parcel.state if self._parcel else None
            return Look(
                spec=self.spec,
                phase=self._phase(),
                step=self._steps,
                seconds=state.seconds if state else 0.0,
                rate=self.rate,
                frames=tuple(self._frames),
                losses=self._all_losses(),
                empty=self._empty,
                references=self._references,
                note=self._recovery.note,
                failure=self._failure,
            )

    @property
    def state(self) -> State | None:
        """Its newest state; None before there is one."""
        with self._engine.changed:  # the state's slot may be another's by the time a worker comes to it
            self._take_back()
            return self._parcel.unpack() if self._parcel else None

    def embedding(self) -> "Future[Prepared] | None":
        """What its newest state makes of some test images, on its way from a worker; None before there is a state."""
        state = self.state
        return None if state is None else self._seat.submit(prepared.of_state, state)

    @property
    def _steps(self) -> int:
        return self._parcel.state.step if self._parcel else 0

    def _all_losses(self) -> NDArray[np.float32]:
        return np.concatenate(self._losses) if self._losses else np.empty(0, np.float32)

    def _phase(self) -> Phase:
        if self._failure:
            return "failed"
        if not self._frames or self._parcel is None:
            return "opening"
        if self._steps >= MAX_STEPS:
            return "finished"
        return "running" if self._playing or self._single else "paused"

    # What follows runs in the engine's thread, or in a future's callback, with the engine's lock held.

    def _advance(self, now: float) -> float:
        return min(self._go_on(now), self._shelf.wait(now) or np.inf)

    def _go_on(self, now: float) -> float:
        if self._closed:
            return np.inf
        if now < self._recovery.until:
            return self._recovery.until - now
        if not self._drawing and self._due:
            self._submit(self._draw, self._due[0], self.n, self._frames[-1].views)
        if now >= self._lease:
            return self._left_alone(now)
        if self._parcel is None:
            if not self._working and not self._failure:
                self._submit(self._begin, self.spec, self.n, *self._slots(1))
            return np.inf
        if self._failure or self._working or len(self._due) > AHEAD or not (self._playing or self._single):
            return np.inf
        if self._steps >= MAX_STEPS:
            self._playing, self._single = False, 0
            return np.inf
        if self._framed:
            wait = self._held_back(now)
            if wait:
                return wait
        self._stepping = self._single > 0
        self._goals = self._next_goals()
        if self._goals:
            seconds = self._engine.turns.piece(CHUNK)
            self._submit(workers.train, self._parcel, self._goals, seconds, self._slots(len(self._goals)))
        return np.inf

    def _left_alone(self, now: float) -> float:
        """Have the run laid by once nobody has come back for long enough; when to ask again, in seconds from now."""
        if self._working or self._due or not self._frames or self._parcel is None:
            return np.inf
        wait = self._shelf.wait(now)
        if not wait:
            self._shelf.leaving = True
            self._engine.aside.submit(self._lay_by, tuple(self._frames), self._parcel)
        return wait or np.inf

    def _lay_by(self, frames: tuple[Frame, ...], newest: Parcel) -> None:
        """In a thread beside the engine's, so that nobody waits for the disk; whoever comes back meanwhile is first."""
        copied = self._shelf.copy(frames, newest)
        with self._engine.changed:
            self._shelf.leaving = False
            same = self._parcel is newest and tuple(self._frames) == frames
            if copied and same and not self._shelf.wait(time.monotonic()):
                self._frames, self._parcel = self._shelf.lay_by(frames, newest)
                self._losses = [self._all_losses()]  # of thousands of small pieces
            else:
                self._shelf.stay()
            self._engine.tell()
        memory.trim()

    def _take_back(self) -> None:
        """Have everything of the run at hand, for a while."""
        self._shelf.seen(self._lease)
        if self._shelf.holds and self._parcel is not None:
            try:
                self._frames, self._parcel = self._shelf.take_back(self._frames, self._parcel)
            except shelf.Lost as error:
                self._parcel, self._frames = None, []
                self._give_up(str(error))

    @property
    def _framed(self) -> bool:
        """Whether the newest state has its frame, or will have it."""
        return self._steps == (self._due[-1].state if self._due else self._frames[-1]).step

    def _settle(self) -> None:
        """See to it that what is seen of a run that rests is where it rests."""
        resting = not (self._playing or self._single or self._working or self._failure)
        if resting and self._parcel and not self._framed:
            self._due.append(self._parcel)

    def _slots(self, n: int) -> list[Path | None]:
        """So many that hold neither the newest state nor one that waits for its frame."""
        return self._shelf.free(n, (self._parcel, *self._due))

    def _next_goals(self) -> list[int]:
        """The steps of the frames that the next chunk is to come to; none where it has to wait."""
        if self._single or (self._pace.every_step and len(self._frames) < MOST):
            return [self._steps + 1]
        return next_frames(self.spec, self._steps, AHEAD if self._pace.frames_a_second is None else 1)

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> None:
        self._mark(task, True)  # first, as the work may be done before this returns
        future = self._seat.submit(task, *arguments)
        engine, me, files = self._engine, weakref.ref(self), self._shelf.slots

        def collect(done: "Future[Any]") -> None:
            with engine.changed:
                run = me()
                if run is None:
                    shelf.forget(files)  # what was written since
                else:
                    run._collect(task, done)
                engine.tell()

        future.add_done_callback(collect)

    def _mark(self, task: Callable[..., Any], under_way: bool) -> None:
        setattr(self, "_drawing" if task is self._draw else "_working", under_way)

    def _collect(self, task: Callable[..., Any], done: "Future[Any]") -> None:
        self._mark(task, False)
        try:
            answer = done.result()
        except Exception as error:
            why = self._recovery.failure(error, self._steps)
            if why is not None:
                self._give_up(why)
            return
        self._recovery.went_well()
        if task is self._draw:
            self._due.popleft()
            self._frames[-1:] = [self._frames[-1].past(), answer]
        elif task is self._begin:
            self._parcel, first, self._references = answer
            self._frames.append(first)
        else:
            self._trained(answer)

    def _trained(self, parcels: list[Parcel]) -> None:
        for parcel in parcels:
            state = parcel.state
            self._parcel = parcel
            self._losses.append(state.losses)
            self._empty += state.empty
            if state.step in self._goals and not state.failure:
                self._due.append(parcel)
        self._clock.append((time.monotonic(), state.step))
        if self._stepping and self._single:
            self._single -= 1
        if state.failure:
            self._failure, self._playing = state.failure, False
        self._settle()

    def _give_up(self, why: str) -> None:
        self._failure, self._playing = why, False
        while len(self._due) > self._drawing:  # what is being drawn now is still to come
            self._due.pop()
