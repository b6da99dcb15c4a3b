"""DuoTrak's backend: two people keep each other accountable."""

import gc

# Importing makes some hundred thousand objects that live for ever. Looking through them again and
# again takes a fifth of the time to start, and later lengthens the slowest requests.
gc.set_threshold(50_000, 50, 100)
