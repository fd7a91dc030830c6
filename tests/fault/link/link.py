#!/usr/bin/python3
"""Goal: whatever the line between a gateway and its hub does, everything arrives once and with its bits, little is sent
twice, and HIS and devices at the gateway notice nothing.

Method: a real hub and two real gateways, each behind a proxy of this test's that cuts, delays, stalls, slows and
forgets connections while a HIS writes orders and a device sends images. In the end what the hub has is compared with what was
acknowledged. Bytes are counted at the proxy and in the gateway's metrics.
"""

import argparse
import sys
import threading
import time

import urgency
from clinic import CHUNK, CLINIC, OTHER, Failed, Hub
from line import Line

ORDER_MAX = 3.0  # Seconds for an order at the gateway, whatever the line does.
META_HEADER = 512  # The gateway writes its own before what the device sends.
HANDSHAKES = 24 << 10  # Of three new connections, with their first frames.


def say(text):
    print(f"  {text}", flush=True)


class Sent:
    """What the routine lane sends between two looks, beyond what the objects need."""

    def __init__(self, clinic, line):
        self.clinic, self.line = clinic, line
        self.bytes, self.breaks, self.up, self.connections = self.look()

    def look(self):
        return (self.clinic.metric("tongjian_edge_sent_bytes_total"),
                self.clinic.metric("tongjian_edge_upload_breaks_total"), self.line.carried_up, self.line.connections)

    def check(self, what, sizes):
        """At most one chunk of these objects was sent again for each break."""
        needed = sum(sizes) + len(sizes) * META_HEADER
        sent, breaks, up, connections = (now - then for now, then in zip(
            self.look(), (self.bytes, self.breaks, self.up, self.connections)))
        again = max(0, sent - needed)
        say(f"{what}: {needed / 1e6:.2f} MB needed, {again / 1e3:.0f} kB sent again over {breaks:.0f} breaks; "
            f"{up / 1e6:.2f} MB at the proxy over {connections} connections")
        if again > breaks * CHUNK:
            raise Failed(f"{what}: {again:.0f} bytes were sent again over {breaks:.0f} breaks")
        allowed = needed * 1.02 + breaks * CHUNK + connections * HANDSHAKES + 256 * 1024
        if up > allowed:
            raise Failed(f"{what}: {up} bytes went over the line, {allowed:.0f} are accounted for")


def away(hub, clinic, line):
    """The hub cannot be reached; the gateway dies meanwhile."""
    line.cut()
    hub.wait_for("the gateway to notice", lambda: not clinic.status().hub_reachable, 30)
    for _ in range(3):
        order = clinic.order()
        if not hub.worklist(CLINIC, order.accession_number):
            raise Failed("an order is not on the worklist while the hub is away")
        clinic.push(200_000, study=order.items[0].study_instance_uid)
    hub.kill(clinic.facility)
    hub.start(clinic.facility, *hub.commands[clinic.facility])
    order = clinic.order()
    clinic.push(1 << 20)
    if clinic.status().spooled_objects != 4 or clinic.status().pending_orders != 4:
        raise Failed("the gateway has forgotten something")
    line.mend()
    began = time.monotonic()
    clinic.check()
    say(f"away: 4 orders and 4 images, all there {time.monotonic() - began:.1f} s after the line was back")


def flapping(hub, clinic, line):
    """One second down in every five."""
    line.rate = urgency.RATE
    sent = Sent(clinic, line)
    over = threading.Event()

    def flap():
        while not over.wait(4):
            line.cut()
            over.wait(1)
            line.mend()

    flapper = threading.Thread(target=flap)
    flapper.start()
    try:
        sizes = [clinic.push(size)[1] for size in (3 << 20, 150_000, 400_000)]
        while clinic.status().spooled_objects > 0:
            clinic.order()
            time.sleep(1)
    finally:
        over.set()
        flapper.join()
        line.mend()
        line.rate = None
    clinic.check()
    sent.check("flapping every five seconds", sizes)


def slow(hub, clinic, line):
    """64 kbit/s, with a break in the middle."""
    line.rate = 8000
    sent = Sent(clinic, line)
    line.end_all()
    _, size = clinic.push(160_000)
    clinic.order()
    hub.wait_for("half of it at the hub", lambda: clinic.status().committed_bytes > size / 3, 60)
    [waiting] = clinic.spool()
    if waiting.state != "sending" or not 0 < waiting.committed_size < size:
        raise Failed(f"the spool says {waiting.state}, {waiting.committed_size} of {size}")
    line.end_all()
    clinic.check(90)
    line.rate = None
    sent.check("64 kbit/s", [size])


def late(hub, clinic, line):
    """0.3 s each way: no handshake is done in less than a second."""
    line.delay = 0.3
    line.end_all()
    began = time.monotonic()
    clinic.push(500_000)
    clinic.order()
    clinic.check()
    line.delay = 0.0
    say(f"0.3 s late each way: all there after {time.monotonic() - began:.1f} s, new connections included")


def stalled(hub, clinic, line):
    """Nothing moves for a while, and nobody is told."""
    line.rate = 1_000_000
    sent = Sent(clinic, line)
    up = line.carried_up
    _, size = clinic.push(4 << 20)
    hub.wait_for("the upload to run", lambda: line.carried_up > up + 300_000)
    line.stall()
    began = time.monotonic()
    while time.monotonic() - began < 8:  # The fault itself, not a condition.
        clinic.order()
        time.sleep(1)
    line.flow()
    clinic.check()
    line.rate = None
    sent.check("stalled for 8 s", [size])


def half_open(hub, clinic, line):
    """The connections die without a word, as behind a router that forgot them."""
    line.rate = 1_000_000
    up = line.carried_up
    clinic.push(4 << 20)
    hub.wait_for("the upload to run", lambda: line.carried_up > up + 300_000)
    line.half_open()
    began = time.monotonic()
    clinic.order()
    clinic.check(100)
    line.rate = None
    say(f"half-open: all there {time.monotonic() - began:.0f} s after the connections had died")


def urgent(hub, clinic, line):
    """An urgent object overtakes a running routine upload."""
    line.rate = urgency.RATE
    up = line.carried_up
    urgency.measure(clinic, lambda: line.carried_up > up + 300_000)
    line.rate = None
    clinic.check(120)


def at_once(*works):
    """Runs each in a thread of its own; the first failure is raised when all have ended."""
    problems = []

    def run(work):
        try:
            work()
        except Exception as problem:  # Shown by the test's own thread.
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def run(arguments):
    hub = Hub(arguments.tongjian, arguments.directory)
    lines = []
    try:
        hub.set_up_hub()
        lines = [Line(hub.ports["hub"]["rpc"]) for _ in range(2)]
        near, far = (hub.clinic(who, line.port) for who, line in zip((CLINIC, OTHER), lines))
        for clinic in (near, far):
            clinic.await_numbers()

        def play(clinic, line, *faults):
            for fault in faults:
                if arguments.only in ("", fault.__name__):
                    fault(hub, clinic, line)

        at_once(lambda: play(near, lines[0], away, slow, flapping, stalled),
                lambda: play(far, lines[1], half_open, late))
        play(near, lines[0], urgent)  # Alone: it is timed.
        for clinic in (near, far):
            say(f"{clinic.facility}: {len(clinic.ordered)} orders at the gateway, the slowest {clinic.slowest_order:.2f} s")
            if clinic.slowest_order > ORDER_MAX:
                raise Failed("the HIS had to wait for the line")
    finally:
        for line in lines:
            line.close()
        hub.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    parser.add_argument("--only", default="", help="the name of one fault")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except Failed as failure:
        print(f"FAILED: {failure}\nlogs: {arguments.directory}/*.log", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
