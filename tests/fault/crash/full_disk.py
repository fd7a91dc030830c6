#!/usr/bin/python3
"""Goal: a full disk refuses what is new, serves what is old, and is forgotten within seconds when there is room again.

Method: hub and gateway each have a small ext4 file system of their own (a loop device in a mount namespace: root is
needed). A ballast file fills it, once up to the reserve that the databases still may use, once to the last byte. Each
time devices and a gateway are refused as the standards say, old images are read, and after the ballast is gone storing
works again without a restart. In the end everything acknowledged is there once, with its bits.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import time

from community import DEVICE_AT_GATEWAY, DEVICE_AT_HUB, GATEWAY, Community, Failed
from devices import Images, store

SKIPPED = 77
DISK_BYTES = 96 << 20
RESERVE_BYTES = 16 << 20
RECOVERY_SECONDS = 10
A700 = "Refused: OutOfResources"


def own_namespace():
    """Runs this again where its mounts are its own and end with it; returns only there, or when that cannot be."""
    if os.environ.get("TJ_OWN_MOUNTS"):
        return True
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if os.geteuid() != 0 or probe.returncode != 0:
        return False
    os.environ["TJ_OWN_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])


class Disk:
    """A small ext4 file system that holds the state of one process."""

    def __init__(self, community, name):
        self.where = pathlib.Path(community.path(name))
        self.where.mkdir()
        image = community.path(f"{name}.ext4")
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        for command in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, str(self.where)]):
            community.run(command)
        self.ballast = self.where / "ballast"

    def free(self):
        info = os.statvfs(self.where)
        return info.f_bavail * info.f_frsize

    def fill(self, leave):
        """Leaves so many bytes, with what is being written at the moment as the only error."""
        with open(self.ballast, "wb") as file:
            size = self.free() - leave
            while size > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), min(size, 1 << 16))
                    file.seek(0, os.SEEK_END)
                except OSError:
                    break
                size = self.free() - leave

    def empty(self):
        self.ballast.unlink()


class Test:
    def __init__(self, arguments):
        self.community = Community(arguments.tongjian, arguments.directory)
        self.expected = {}

    def run(self):
        community = self.community
        community.empty()
        self.disks = {name: Disk(community, name) for name in ("hub", GATEWAY)}
        reserve = f"[blobs]\nreserve = \"{RESERVE_BYTES >> 20}MiB\"\n"
        community.set_up(hub=reserve, gateway=reserve)
        self.images = Images(community.path("images"), 1)
        for name, leave in (("hub", RESERVE_BYTES - (1 << 20)), (GATEWAY, RESERVE_BYTES - (1 << 20)), ("hub", 0), (GATEWAY, 0)):
            self.fill_and_empty(name, leave)
        self.all_there()

    def send(self, to):
        """Sends a new image; the answer as storescu names it."""
        path, uid, digest = self.images.make()
        answer = store(self.community.ports[to]["dicom"], DEVICE_AT_HUB if to == "hub" else DEVICE_AT_GATEWAY, path)
        if answer == "Success":
            self.expected[uid] = digest
        return answer

    def must(self, what, found, wanted):
        if found != wanted:
            raise Failed(f"{what}: {found} instead of {wanted}")

    def fill_and_empty(self, name, leave):
        community, disk = self.community, self.disks[name]
        for to in ("hub", GATEWAY):
            self.must(f"an image to {to} before", self.send(to), "Success")
        community.wait_for("all at the hub", self.arrived, 30)
        disk.fill(leave)
        say = f"{name} with {disk.free() >> 10} KiB left"
        self.must(f"an image to {say}", self.send(name), A700)
        self.must(f"another image to {say}", self.send(name), A700)
        if name == "hub":
            self.refused_upload()
            self.must("an image to the gateway meanwhile", self.send(GATEWAY), "Success")
        self.old_served(name, leave > 0)
        disk.empty()
        began = time.monotonic()
        community.wait_for(f"{name} to take images again", lambda: self.send(name) == "Success", RECOVERY_SECONDS)
        took = time.monotonic() - began
        community.wait_for("what waited at the gateway", self.arrived, 30)
        old = "served old" if leave > 0 else "answered echoes"
        print(f"{say}: refused new, {old}, took new {took:.2f} s after there was room, "
              f"all at the hub after {time.monotonic() - began:.2f} s", flush=True)

    def refused_upload(self):
        """A gateway that brings an object is told why not, and that it may come again."""
        import grpc
        from tongjian.imaging.v1 import ingest_pb2, ingest_pb2_grpc
        path, _, _ = self.images.make()
        content = pathlib.Path(path).read_bytes()
        begin = ingest_pb2.UploadBegin(upload_id="full", size=len(content), facility_id=GATEWAY,
                                       digest="sha256:" + hashlib.sha256(content).hexdigest())
        stub = ingest_pb2_grpc.IngestServiceStub(self.community.channel("gateway"))
        try:
            answers = list(stub.Upload(iter([ingest_pb2.UploadRequest(begin=begin)]), timeout=10))
        except grpc.RpcError as refusal:  # Not even the audit trail has room.
            self.must("the call's refusal", refusal.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            return
        failure = [answer.failure for answer in answers if answer.HasField("failure")][0]
        self.must("the upload's refusal", (failure.code, failure.reason, failure.retryable), (8, "STORAGE_FULL", True))

    def old_served(self, name, trail_has_room):
        """Whoever asks for what is there gets it, as long as the deed can be put on record."""
        community = self.community
        if name == "hub" and trail_has_room:
            found, _ = community.instances()
            study, uid = found[0]
            self.must("an old image's bits", community.read(community.studies(), study, uid), self.expected[uid])
        community.run(["echoscu", "-aec", "ANY", "localhost", str(community.ports[name]["dicom"])])

    def arrived(self):
        found, _ = self.community.instances()
        return {uid for _, uid in found} >= set(self.expected)

    def all_there(self):
        community = self.community
        found, conflicts = community.instances()
        self.must("instances at the hub", (sorted(uid for _, uid in found), conflicts), (sorted(self.expected), 0))
        stub = community.studies()
        wrong = [uid for study, uid in found if community.read(stub, study, uid) != self.expected[uid]]
        self.must("instances that read back otherwise", wrong, [])
        self.must("the audit trail", community.ctl("auditor", "audit", "verify").get("intact"), True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True, help="emptied first")
    arguments = parser.parse_args()
    if not own_namespace():
        print("skipped: mounting a small file system needs root")
        return SKIPPED
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
