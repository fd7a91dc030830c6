"""A hub and a clinic's gateway as real processes on ports that stay the same over restarts.

They come from deploy/stage.py, so that what is broken here is what a person starts.
"""

import os
import pathlib
import random
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "deploy"))
from stage import CLINIC, Failed, Stage  # noqa: E402
from devices import dataset_hash  # noqa: E402

GATEWAY = CLINIC["facility"]  # The name of its process too.
DEVICE_AT_GATEWAY = "BLQ_CR1"
DEVICE_AT_HUB = "BLQ_DR1"


def free_ports(count):
    """Ports below those the kernel gives out, so that nobody takes them while a process is down."""
    held = []
    chosen = random.Random(os.getpid())
    while len(held) < count:
        one = socket.socket()
        try:
            one.bind(("127.0.0.1", chosen.randrange(20000, 32000)))
        except OSError:
            one.close()
            continue
        held.append(one)
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Community(Stage):
    """Hub and gateway, each of which can be killed and started again."""

    def start(self, name, *command):
        if name not in self.commands:
            self.fix_ports(pathlib.Path(command[command.index("--config") + 1]))
        return super().start(name, *command)

    @staticmethod
    def fix_ports(config):
        rpc, dicom, admin = free_ports(3)
        text = config.read_text(encoding="utf-8").replace("127.0.0.1:0", f"127.0.0.1:{rpc}")
        text = text.replace("[dicom]\nport = 0", f"[dicom]\nport = {dicom}")
        config.write_text(text.replace("[admin]\nport = 0", f"[admin]\nport = {admin}"), encoding="utf-8")

    def set_up(self, hub="", gateway=""):
        """Starts both; the arguments are settings that go on top of their files."""
        self.authority([CLINIC])
        self.hub(settings=hub)
        self.person("auditor", "auditor")
        self.gateway(CLINIC, settings=gateway)
        sys.path.insert(0, self.path("stubs"))

    def start_and_kill(self, name, after):
        """Kills it while it starts."""
        with open(self.path(f"{name}.log"), "a", encoding="utf-8") as log:
            process = subprocess.Popen([self.tongjian, *self.commands[name]], stdout=subprocess.DEVNULL, stderr=log)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def channel(self, role="his", to="hub"):
        """A gRPC channel with a certificate of the clinic's HIS or gateway."""
        import grpc

        def read(*path):
            return pathlib.Path(self.path(*path)).read_bytes()

        if not pathlib.Path(self.path(f"{role}-{GATEWAY}.key")).exists():
            self.certificate(role, GATEWAY)
        credentials = grpc.ssl_channel_credentials(
            read("ca", "ca.pem"), private_key=read(f"{role}-{GATEWAY}.key"),
            certificate_chain=read(f"{role}-{GATEWAY}.pem"))
        options = [] if to == "hub" else [("grpc.ssl_target_name_override", f"{to}.gateway")]
        return grpc.secure_channel(f"localhost:{self.ports[to]['rpc']}", credentials, options)

    def health(self, name):
        """What grpc.health.v1 answers, as bytes."""
        channel = self.channel(to=name)
        check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda request: b"", lambda answer: answer)
        return check(None, timeout=10)

    def studies(self):
        """As the HIS, which sees all that its facility recorded."""
        from tongjian.imaging.v1 import study_pb2_grpc
        return study_pb2_grpc.StudyServiceStub(self.channel())

    def instances(self):
        """All instances at the hub: a list of (study id, SOP Instance UID), and the number of conflicts."""
        from tongjian.imaging.v1 import study_pb2
        stub = self.studies()
        found, conflicts = [], 0
        request = study_pb2.ListStudiesRequest(page_size=200)
        while True:
            page = stub.ListStudies(request, timeout=30)
            for study in page.studies:
                conflicts += study.conflict_count
                inner = study_pb2.ListInstancesRequest(study_id=study.id, page_size=1000)
                while True:
                    answer = stub.ListInstances(inner, timeout=30)
                    found += [(study.id, instance.sop_instance_uid) for instance in answer.instances]
                    if not answer.next_page_token:
                        break
                    inner.page_token = answer.next_page_token
            if not page.next_page_token:
                return found, conflicts
            request.page_token = page.next_page_token

    def read(self, stub, study_id, sop_instance_uid):
        """The SHA-256 of the data set of one instance, read back from the hub."""
        from tongjian.imaging.v1 import study_pb2
        request = study_pb2.ReadInstanceRequest(study_id=study_id, sop_instance_uid=sop_instance_uid)
        return dataset_hash(b"".join(part.data for part in stub.ReadInstance(request, timeout=30)))
