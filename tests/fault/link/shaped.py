#!/usr/bin/python3
"""Goal: on a line that the kernel shapes, urgent objects overtake, and 64 kbit/s is enough.

Method: all processes run in a network namespace of their own, whose loopback sends what goes to the hub's port through
`tc tbf` (rate and a short queue, so that packets are lost when it is full); everything else is free.
Needs root, `unshare` and `tc`; else it is skipped.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

import urgency
from clinic import CLINIC, Failed, Hub

SKIPPED = 77
INSIDE = "TONGJIAN_SHAPED"


def tc(*words):
    done = subprocess.run(["tc", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"tc {' '.join(words)}: {done.stderr.strip()}")


class Shaper:
    """The loopback of this namespace: what goes to `port` has a rate."""

    def __init__(self, port, rate):
        subprocess.run(["ip", "link", "set", "lo", "mtu", "1500"], check=True)
        tc("qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb", "default", "10")
        for free in ("1:10", "1:20"):
            tc("class", "add", "dev", "lo", "parent", "1:", "classid", free, "htb", "rate", "10gbit",
               "quantum", "60000")
        self.rate(rate, "add")
        tc("filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "u32",
           "match", "ip", "dport", str(port), "0xffff", "flowid", "1:20")

    @staticmethod
    def rate(rate, verb="change"):
        """For example "2mbit"."""
        tc("qdisc", verb, "dev", "lo", "parent", "1:20", "handle", "20:", "tbf", "rate", rate, "burst", "4kb",
           "limit", "30kb")


def run(arguments):
    hub = Hub(arguments.tongjian, arguments.directory)
    try:
        hub.set_up_hub()
        clinic = hub.clinic(CLINIC, hub.ports["hub"]["rpc"])
        clinic.await_numbers()
        shaper = Shaper(hub.ports["hub"]["rpc"], "2mbit")
        before = clinic.metric("tongjian_edge_sent_bytes_total")
        urgency.measure(clinic, lambda: clinic.metric("tongjian_edge_sent_bytes_total") > before + 300_000)
        shaper.rate("400mbit")
        clinic.check(120)
        shaper.rate("64kbit")
        began = time.monotonic()
        clinic.order()
        clinic.push(100_000)
        clinic.check(90)
        print(f"  64 kbit/s: an order and 100 kB there after {time.monotonic() - began:.1f} s", flush=True)
        shaper.rate("400mbit")
    finally:
        hub.stop()


def inside(arguments):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        run(arguments)
    except Failed as failure:
        print(f"FAILED: {failure}\nlogs: {arguments.directory}/*.log", file=sys.stderr)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    arguments = parser.parse_args()
    if INSIDE in os.environ:
        return inside(arguments)
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "tc", "ip"))):
        print("SKIPPED: needs root, unshare, tc and ip")
        return SKIPPED
    trial = subprocess.run(["unshare", "-n", "sh", "-c",
                            "ip link set lo up && tc qdisc add dev lo root handle 1: htb && "
                            "tc filter add dev lo parent 1: protocol ip u32 match ip dport 1 0xffff flowid 1:1 && "
                            "tc qdisc del dev lo root && tc qdisc add dev lo root tbf rate 2mbit burst 4kb limit 30kb"],
                           capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        print(f"SKIPPED: no shaped network namespace here: {trial.stderr.strip()}")
        return SKIPPED
    return subprocess.run(["unshare", "-n", sys.executable, "-u", *sys.argv], env={**os.environ, INSIDE: "1"},
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
