#!/usr/bin/python3
"""Goal: after a failed fsync nothing is acknowledged any more, however well later ones go; a restart recovers.

Method: hub and gateway run with a preloaded fsync (sync_fault.cc) that fails once, for an object or for a database, and
then says that all is well, as Linux does after it has dropped the pages. The process must refuse what is new, say so in
its health and its log, and after a restart hold everything that it had acknowledged.
"""

import argparse
import os
import pathlib
import sys

from community import DEVICE_AT_GATEWAY, DEVICE_AT_HUB, GATEWAY, Community, Failed
from devices import Images, store

NOT_SERVING = b"\x08\x02"
SERVING = b"\x08\x01"


class Test:
    def __init__(self, arguments):
        self.community = Community(arguments.tongjian, arguments.directory)
        self.preload = arguments.preload
        self.order = pathlib.Path(self.community.path("sync-fault"))
        self.sent = {}  # SHA-256 of the data set by SOP Instance UID.
        self.acknowledged = set()

    def run(self):
        community = self.community
        community.empty()
        os.environ["TJ_SYNC_FAULT"] = str(self.order)
        community.set_up()
        self.images = Images(community.path("images"), 1)
        for name, part in (("hub", "/blobs/imaging/"), ("hub", "/db/imaging.db"),
                           (GATEWAY, "/blobs/edge/"), (GATEWAY, "/db/edge.db")):
            self.fail_once(name, part)
        self.all_there()

    def send(self, to):
        """Sends a new image; True when it was acknowledged."""
        path, uid, digest = self.images.make()
        self.sent[uid] = digest
        answer = store(self.community.ports[to]["dicom"], DEVICE_AT_HUB if to == "hub" else DEVICE_AT_GATEWAY, path)
        if answer == "Success":
            self.acknowledged.add(uid)
        return answer == "Success"

    def must(self, what, holds):
        if not holds:
            raise Failed(what)

    def restart(self, name, preload):
        self.community.kill(name)
        if preload:
            os.environ["LD_PRELOAD"] = self.preload
        self.community.start(name, *self.community.commands[name])
        os.environ.pop("LD_PRELOAD", None)

    def fail_once(self, name, part):
        community = self.community
        self.restart(name, True)
        log = pathlib.Path(community.path(f"{name}.log"))
        seen = len(log.read_text(encoding="utf-8"))
        self.must(f"{name} takes an image before", self.send(name))
        self.must(f"{name} says that it serves", community.health(name) == SERVING)
        self.order.write_text(part, encoding="utf-8")
        taken = self.send(name)
        community.wait_for(f"a sync of {part} to fail", lambda: not self.order.exists(), 20)
        # The sync that failed may have been another's than this image's; from now on there is none.
        self.must(f"nothing acknowledged by {name} after a failed sync of {part}",
                  not any(self.send(name) for _ in range(4)))
        community.wait_for(f"{name} to say that it does not serve", lambda: community.health(name) == NOT_SERVING, 10)
        self.must("the log says so", '"storage_failed"' in log.read_text(encoding="utf-8")[seen:])
        if "blobs" in part and name == "hub":
            self.old_served()
        self.restart(name, False)
        self.must(f"{name} takes an image after a restart", self.send(name))
        print(f"{name}, {part}: one sync failed; the image sent then was {'' if taken else 'not '}acknowledged, "
              "four after it were not; it takes images again after a restart", flush=True)

    def old_served(self):
        found, _ = self.community.instances()
        study, uid = next(one for one in found if one[1] in self.acknowledged)
        self.must("an old image is read", self.community.read(self.community.studies(), study, uid) == self.sent[uid])

    def all_there(self):
        community = self.community

        def arrived():
            found, _ = community.instances()
            return found if {uid for _, uid in found} >= self.acknowledged else None

        found = community.wait_for("everything acknowledged to be at the hub", arrived, 60)
        self.must("nothing is there twice", len(found) == len({uid for _, uid in found}))
        stub = community.studies()
        self.must("all reads back", all(community.read(stub, study, uid) == self.sent[uid] for study, uid in found))
        self.must("the audit trail is whole", community.ctl("auditor", "audit", "verify").get("intact"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    parser.add_argument("--preload", required=True, help="the library made of sync_fault.cc")
    arguments = parser.parse_args()
    test = Test(arguments)
    try:
        test.run()
    except Failed as failure:
        print(f"FAILED: {failure}\nlogs: {arguments.directory}/*.log", file=sys.stderr)
        return 1
    finally:
        test.community.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
