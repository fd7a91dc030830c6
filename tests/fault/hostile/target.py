"""The processes under attack and the questions that tell whether they are well."""

import os
import pathlib
import sys
import time

import peer

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "deploy"))
from stage import CLINIC, OTHER, Failed, Stage  # noqa: E402,F401

CASE_MAX_KB = 64 << 10    # What one case may add to a process's resident memory,
TOTAL_MAX_KB = 128 << 10  # all of them together: an allocator keeps some of what it once had,
FLOOD_MAX_KB = 256 << 10  # and one flood of HTTP/2 frames: gRPC's quota for all connections (common/rpc/host.h).
ANSWER_MAX = 10.0         # Seconds within which C-ECHO and the health check answer, on a busy machine.

# Short deadlines, so that a slow peer's end is seen without a minute's wait; the rules are the same.
SETTINGS = {
    "TONGJIAN_DICOM_ACSE_TIMEOUT": "3s",
    "TONGJIAN_DICOM_PDU_TIMEOUT": "3s",
    "TONGJIAN_DICOM_IDLE_TIMEOUT": "6s",
    "TONGJIAN_IMAGING_DEFAULT_FACILITY": CLINIC["facility"],
}


class Unwell(Exception):
    """A process did not come through as it must."""


class Target:
    """One process: hub or gateway."""

    def __init__(self, stage, name, server_name):
        import grpc

        self.grpc = grpc
        self.stage, self.name, self.process = stage, name, stage.processes[name]
        self.ports = stage.ports[name]
        self.dicom, self.rpc, self.admin = (self.ports[port] for port in ("dicom", "rpc", "admin"))
        self.server_name = server_name
        self.is_hub = name == "hub"
        self.slowest = 0.0
        self.baseline = None
        self.flooded_kb = 0
        self.growth_max = TOTAL_MAX_KB
        self._health = None

    def read(self, name):
        return pathlib.Path(self.stage.path(name)).read_bytes()

    def credentials(self, who):
        """`who`: a HIS of the clinic, its gateway, or nobody (a client without a certificate)."""
        files = {
            "his": (self.stage.path(f"his-{CLINIC['facility']}.key"), self.stage.path(f"his-{CLINIC['facility']}.pem")),
            "gateway": (self.stage.path(CLINIC["facility"], "identity", "gateway.pem"),) * 2,
            "nobody": None,
        }[who]
        ca = self.read("ca/ca.pem")
        if files is None:
            return self.grpc.ssl_channel_credentials(ca)
        return self.grpc.ssl_channel_credentials(ca, *(pathlib.Path(file).read_bytes() for file in files))

    def channel(self, who="his", options=()):
        return self.grpc.secure_channel(
            f"localhost:{self.rpc}", self.credentials(who),
            [("grpc.ssl_target_name_override", self.server_name), ("grpc.use_local_subchannel_pool", 1), *options])

    def status_kb(self, field):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0

    def resident_kb(self):
        return self.status_kb("VmRSS")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def growth_kb(self):
        return self.resident_kb() - self.baseline

    def serving(self):
        """Asks grpc.health.v1; the request is empty, the answer field 1 = 1."""
        if self._health is None:
            self._health = self.channel().unary_unary("/grpc.health.v1.Health/Check")
        return self._health(b"", timeout=ANSWER_MAX) == b"\x08\x01"

    def echoes(self):
        with peer.Peer(self.dicom, patience=ANSWER_MAX) as device:
            device.associate([(1, peer.VERIFICATION, [peer.IMPLICIT])], calling=CLINIC["device"])
            status = device.echo()
            device.release()
            return status == 0

    def check(self):
        """The same process, and both ports answer."""
        if self.process.poll() is not None:
            raise Unwell(f"{self.name} ended with {self.process.returncode}")
        began = time.monotonic()
        try:
            if not self.echoes():
                raise Unwell(f"{self.name} refuses C-ECHO")
            if not self.serving():
                raise Unwell(f"{self.name} does not say that it is serving")
        except (peer.Ended, OSError, self.grpc.RpcError) as error:
            raise Unwell(f"{self.name} does not answer: {error!r}") from error
        self.slowest = max(self.slowest, time.monotonic() - began)
        if self.baseline is not None and self.growth_kb() > self.growth_max:
            raise Unwell(f"{self.name} has grown by {self.growth_kb()} kB")

    def play(self, test):
        """One case, and the memory it took. Floods are measured apart: what one of them leaves with the allocator is no
        growth of the cases behind it."""
        before = self.resident_kb()
        self.growth_max = self.growth_kb() + FLOOD_MAX_KB if test.is_flood else min(TOTAL_MAX_KB, self.growth_kb() + CASE_MAX_KB)
        test(self)
        self.check()
        self.growth_max = TOTAL_MAX_KB
        if test.is_flood:
            self.flooded_kb = max(self.flooded_kb, self.resident_kb() - before)
            self.baseline += self.resident_kb() - before


def set_up(stage):
    """A hub and a gateway of one clinic with certificates and accounts, as deploy/try.sh makes them."""
    os.environ.update(SETTINGS)
    stage.empty()
    stage.authority([CLINIC])
    stage.hub()
    stage.person("technician", "clinic_technician", facility=CLINIC["facility"])
    stage.gateway(CLINIC)
    sys.path.insert(0, stage.path("stubs"))
    return [Target(stage, "hub", "localhost"), Target(stage, CLINIC["facility"], f"{CLINIC['facility']}.gateway")]
