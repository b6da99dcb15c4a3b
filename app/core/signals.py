"""Learning that the process was asked to stop, beside whoever else listens for it."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def also_on_stop(callback: Callable[[], None]) -> Iterator[None]:
    """Call `callback` on the event loop at SIGTERM or SIGINT, and then who handled it before.

    A server that waits for open answers to end tells the application only afterwards. Where
    nobody handles a signal, or outside the main thread, nothing changes.
    """
    installed: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before) and before is not signal.default_int_handler:
                handler = _chain(before, lambda: loop.call_soon_threadsafe(callback))
                signal.signal(number, handler)
                installed[number] = (handler, before)
    try:
        yield
    finally:
        for number, (handler, before) in installed.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, before)


def _chain(
    before: Callable[[int, FrameType | None], Any], first: Callable[[], Any]
) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        first()
        return before(number, frame)

    return handle
