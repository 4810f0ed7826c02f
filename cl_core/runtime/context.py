"""What an engine shares with its runs and races."""

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
        queue: takes tasks for the workers.
        background: a thread for slow work of the server's own, such as writing to disk, that must not hold the lock.
        notify: wakes the engine's thread; call it with the lock held.
    """

    changed: threading.Condition
    queue: FairQueue
    background: ThreadPoolExecutor
    notify: Callable[[], None]
