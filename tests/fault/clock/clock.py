#!/usr/bin/python3
"""Goal: a hub's clock that jumps years in both directions loses nothing, takes nothing from anybody and orders nothing wrongly.

Method: a real hub on libfaketime, a real gateway, a HIS and a device that go on while the hub's clock is set five years
ahead, five years back and right again. Then everything is there once, the reader still holds what he had claimed and signs it,
each order's timeline is in the order in which things happened, and nothing waits at the worklist's end for years.
"""

import argparse
import datetime
import os
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "link"))
from clinic import CLINIC, Failed, Hub  # noqa: E402

YEAR = 365 * 86400
TIMERS = 2  # That say that they have noticed: quiet times and claims.


def say(text):
    print(f"  {text}", flush=True)


class WrongHub(Hub):
    """A hub whose wall clock, and nothing else, somebody sets."""

    def start(self, name, *command):
        if name != "hub":
            return super().start(name, *command)
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        if library is None:
            raise Failed("libfaketime is not installed (Debian package faketime)")
        self.set_clock(0)
        wrong = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": self.path("clock"),
                 "FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        os.environ.update(wrong)
        try:
            return super().start(name, *command)
        finally:
            for variable in wrong:
                del os.environ[variable]

    def set_clock(self, seconds):
        """Seconds ahead of the right time."""
        new = pathlib.Path(self.path("clock.new"))
        new.write_text(f"{seconds:+d}", encoding="utf-8")
        new.rename(self.path("clock"))

    def jump(self, seconds):
        """Sets the clock and waits until the hub's timers have noticed."""
        def noticed():
            return pathlib.Path(self.path("hub.log")).read_text(encoding="utf-8").count('"clock_jumped"')

        before = noticed()
        self.set_clock(seconds)
        self.wait_for("the hub to notice that its clock was set", lambda: noticed() >= before + TIMERS, 60)


def order_and_push(clinic):
    order = clinic.order()
    clinic.push(100_000, study=order.items[0].study_instance_uid, patient=order.patient.facility_patient_id)


def await_delivered(hub, clinic):
    def delivered():
        status = clinic.status()
        return status.hub_reachable and status.pending_orders == 0 and status.spooled_objects == 0

    hub.wait_for("the hub to have it", delivered, 60)


def tasks(hub):
    """What waits for a reader, in the order he sees it."""
    return hub.ctl("reader", "tasks", "list").get("tasks", [])


def check_orders(hub):
    """Timelines count up in the order of what happened, and no deadline is years away."""
    tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat()
    orders = hub.ctl("reader", "orders", "list")["orders"]
    for order in orders:
        entries = hub.ctl("reader", "orders", "timeline", order["id"])["entries"]
        sequence = [int(entry["sequence"]) for entry in entries]
        actions = [entry["action"] for entry in entries]
        if sequence != list(range(1, len(entries) + 1)) or actions.index("submitted") > actions.index("acquired"):
            raise Failed(f"a timeline says {sequence}, {actions}")
        if order["deadline"] > tomorrow:
            raise Failed(f"an order is due {order['deadline']}")
    return len(orders)


def play(hub, clinic):
    order_and_push(clinic)
    hub.wait_for("the task", lambda: len(tasks(hub)) == 1, 60)
    task = tasks(hub)[0]["id"]
    fence = hub.ctl("reader", "tasks", "claim", task)["claim_fence"]
    hub.jump(5 * YEAR)
    order_and_push(clinic)
    hub.wait_for("the gateway's alarm", lambda: any("certificate" in alarm for alarm in clinic.status().alarms), 60)
    say("five years ahead, where no certificate is valid: ordered and recorded at the gateway")
    for ahead, name in ((YEAR // 6, "two months ahead"), (-5 * YEAR, "five years back"), (0, "right again")):
        hub.jump(ahead)
        order_and_push(clinic)
        await_delivered(hub, clinic)
        say(f"{name}: ordered, recorded and at the hub")
    clinic.check()
    say(f"{len(clinic.sent)} images and {len(clinic.ordered)} orders are at the hub once, with their bits")

    draft = hub.ctl("reader", "reports", "draft", task, fence, "双肺未见明显异常。", "未见明显异常。")
    hub.ctl("reader", "reports", "sign", draft["id"], fence, draft["etag"])
    say("the reader still held what he had claimed, and signed it")
    hub.wait_for("the tasks of what came since", lambda: len(tasks(hub)) == 4, 60)
    say(f"{check_orders(hub)} orders have their timelines in order, and none is due years from now")
    if not hub.ctl("auditor", "audit", "verify").get("intact"):
        raise Failed("the audit trail is not whole")
    say("the trail is whole")


def run(arguments):
    hub = WrongHub(arguments.tongjian, arguments.directory)
    try:
        hub.set_up_hub()
        hub.person("reader", "reader", "prac-zhongxin-reader-1")
        hub.person("auditor", "auditor")
        clinic = hub.clinic(CLINIC, hub.ports["hub"]["rpc"])
        clinic.await_numbers()
        play(hub, clinic)
    finally:
        hub.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except Failed as failure:
        print(f"FAILED: {failure}\nlogs: {arguments.directory}/*.log", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
