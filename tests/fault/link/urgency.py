"""How long an urgent object takes behind a running routine upload: the same measurement over every kind of line."""

import statistics
import time

from clinic import URGENT_DEVICE, Failed

ROUTINE = 20 << 20
URGENT = 120 << 10
RATE = 250_000  # 2 Mbit/s.
TRIES = 3
# Its own transfer, a quarter second of the rate, and what the machine and its processes take for the rest.
BOUND = URGENT / RATE + 0.25 + 1.0


def measure(clinic, started):
    """Sends the routine object, waits for `started`, then times urgent ones, in seconds."""
    routine, _ = clinic.push(ROUTINE)
    clinic.hub.wait_for("the routine upload to run", started)
    took = []
    for _ in range(TRIES):
        # When storescu has ended, the gateway has the object; its own time is not the line's.
        uid, _ = clinic.push(URGENT, device=URGENT_DEVICE)
        began = time.monotonic()
        took.append(clinic.await_instance(uid, 30) - began)
    if any(uid == routine for _, uid in clinic.at_hub()[0]):
        raise Failed("the routine upload was over too early to be overtaken")
    median = statistics.median(took)
    print(f"  urgent {URGENT >> 10} kB behind {ROUTINE >> 20} MB at 2 Mbit/s: "
          + ", ".join(f"{one:.2f}" for one in took) + f" s; bound {BOUND:.2f} s", flush=True)
    if median > BOUND:
        raise Failed(f"an urgent object took {median:.2f} s, more than {BOUND:.2f} s")
