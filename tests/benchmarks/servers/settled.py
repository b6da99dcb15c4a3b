"""The garbage collector, set as the application sets its own."""

import gc


def settle_garbage_collector() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
