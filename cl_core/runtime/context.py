"""What an engine gives its runs and races: one lock, the workers' queue, and a thread for slow work of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cl_core.runtime.fair_queue import FairQueue


@dataclass(frozen=True, eq=False)
class RuntimeContext:
    """Shared by all runs and races of one engine.

    Attributes:
        changed: the engine's lock, and the condition that its thread waits for.
        queue: takes work for the workers.
        background: a thread for what must not be done while the lock is held, such as writing to the disk.
        notify: wake the engine's thread, with the lock held.
    """

    changed: threading.Condition
    queue: FairQueue
    background: ThreadPoolExecutor
    notify: Callable[[], None]
