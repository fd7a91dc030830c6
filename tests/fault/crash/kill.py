#!/usr/bin/python3
"""Goal: whatever the moment at which hub or gateway dies, every acknowledged instance is at the hub once, with its bits.

Method: devices (DCMTK's storescu) send unlike images to the gateway and to the hub without a pause, while one of the two
processes is killed with SIGKILL at a random moment and started again, 25 times each, now and then once more while it
starts. In the end every instance that a device heard success for is read back and compared. --seed replays the moments.
"""

import argparse
import random
import sys
import time

from community import DEVICE_AT_GATEWAY, DEVICE_AT_HUB, GATEWAY, Community, Failed
from devices import Device, Images

ACKNOWLEDGED_MAX = 12  # Between two kills.


def kill_at_random(community, devices, who, chosen):
    """Kills `who` when a random number of further images has been acknowledged, and a moment later; starts it again."""
    def count():
        return sum(len(device.acknowledged) for device in devices)

    wanted = count() + chosen.randrange(ACKNOWLEDGED_MAX)
    community.wait_for("acknowledgements while both are up", lambda: count() >= wanted, 30)
    time.sleep(chosen.uniform(0, 0.08))  # The moment itself, not a condition.
    community.kill(who)
    if chosen.randrange(5) == 0:
        community.start_and_kill(who, chosen.uniform(0.01, 0.6))
    community.start(who, *community.commands[who])


def check(community, expected):
    """Everything is there once and reads back as it was sent."""
    def arrived():
        found, _ = community.instances()
        return found if {uid for _, uid in found} >= set(expected) else None

    found = community.wait_for("everything acknowledged to be listed at the hub", arrived, 90)
    _, conflicts = community.instances()
    uids = [uid for _, uid in found]
    if len(uids) != len(set(uids)):
        raise Failed(f"{len(uids) - len(set(uids))} instances are there twice")
    if len(uids) != len(expected) or conflicts:
        raise Failed(f"{len(uids)} instances instead of {len(expected)}, {conflicts} conflicts")
    stub = community.studies()
    wrong = [uid for study, uid in found if community.read(stub, study, uid) != expected[uid]]
    if wrong:
        raise Failed(f"{len(wrong)} instances read back otherwise than they were sent: {wrong[:3]}")
    if not community.ctl("auditor", "audit", "verify").get("intact"):
        raise Failed("the audit trail is not whole")


def run(arguments):
    chosen = random.Random(arguments.seed)
    community = Community(arguments.tongjian, arguments.directory)
    devices = []
    try:
        community.empty()
        community.set_up()
        folder = community.path("images")
        for number, (to, ae_title) in enumerate([(GATEWAY, DEVICE_AT_GATEWAY)] * 2 + [("hub", DEVICE_AT_HUB)]):
            images = Images(f"{folder}-{number}", arguments.seed * 10 + number)
            devices.append(Device(community.ports[to]["dicom"], ae_title, images))
        for device in devices:
            device.start()
        for number in range(arguments.kills):
            kill_at_random(community, devices, ("hub", GATEWAY)[number % 2], chosen)
        for device in devices:
            device.ending.set()
        for device in devices:
            device.join(60)
            if device.is_alive() or device.problem:
                raise Failed(f"a device did not come to its end: {device.problem}")
        expected = {}
        for device in devices:
            expected.update(device.acknowledged)
        check(community, expected)
        repeated = sum(device.repeated for device in devices)
        print(f"{arguments.kills} kills, {len(expected)} instances, {repeated} sendings without an answer: all there once")
    finally:
        for device in devices:
            device.ending.set()
        community.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    try:
        run(arguments)
    except Failed as failure:
        print(f"FAILED with --seed {arguments.seed}: {failure}\nlogs: {arguments.directory}/*.log", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
