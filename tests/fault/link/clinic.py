"""A clinic at the end of a line: its gateway, HIS and device, and what the hub has of them.

Built on the community of tests/fault/crash, which is built on deploy/stage.py.
"""

import os
import pathlib
import random
import re
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))
from community import CLINIC, Community, Failed  # noqa: E402
from devices import dataset_hash  # noqa: E402
from stage import OTHER  # noqa: E402

import pydicom  # noqa: E402
import pydicom.uid  # noqa: E402

URGENT_DEVICE = "ER_ECG"
CHUNK = 64 << 10  # On slow links.


class Hub(Community):
    """The hub, and gateways at lines of their own."""

    def set_up_hub(self):
        self.channels = {}
        self.empty()
        self.authority([CLINIC, OTHER])
        self.hub()
        sys.path.insert(0, self.path("stubs"))

    def clinic(self, clinic, port):
        """Starts a clinic's gateway, to which the hub is at `port`."""
        direct = self.ports["hub"]["rpc"]
        self.ports["hub"]["rpc"] = port
        try:
            self.gateway(clinic, edge=f'urgent-devices = ["{URGENT_DEVICE}"]\n')
        finally:
            self.ports["hub"]["rpc"] = direct
        return Clinic(self, clinic)

    def channel_of(self, facility, port, name):
        import grpc
        if (facility, port) in self.channels:
            return self.channels[facility, port]

        def read(*path):
            return pathlib.Path(self.path(*path)).read_bytes()

        credentials = grpc.ssl_channel_credentials(read("ca", "ca.pem"), private_key=read(f"his-{facility}.key"),
                                                   certificate_chain=read(f"his-{facility}.pem"))
        options = [("grpc.ssl_target_name_override", name), ("grpc.max_reconnect_backoff_ms", 500)]
        self.channels[facility, port] = grpc.secure_channel(f"localhost:{port}", credentials, options)
        return self.channels[facility, port]


class Clinic:
    """The clinic's HIS and device. `sent`: SHA-256 of each data set that was acknowledged, by SOP Instance UID."""

    def __init__(self, hub, clinic):
        self.hub = hub
        self.facility = clinic["facility"]
        self.sent = {}
        self.ordered = []
        self.random = random.Random(self.facility)
        self.folder = pathlib.Path(hub.path(f"sent-{self.facility}"))
        self.folder.mkdir()
        self.slowest_order = 0.0
        self.number = 0

    # The device.

    def push(self, size, study=None, device=CLINIC["device"], patient=None):
        """Sends one image of about `size` bytes to the gateway; returns its SOP Instance UID and its size as sent."""
        image = pydicom.dcmread(pathlib.Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm")
        for element in list(image):
            if element.VR == "SQ" or element.tag.is_private or element.tag.group == 0xFFFC:
                del image[element.tag]
        uid = pydicom.uid.generate_uid()
        image.StudyInstanceUID = study or pydicom.uid.generate_uid()
        image.SeriesInstanceUID = pydicom.uid.generate_uid()
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
        image.PatientID = patient or f"LINK-{self.random.randrange(10**6)}"
        image.Columns = 256
        image.Rows = max(1, size // 512)
        image.PixelData = self.random.randbytes(image.Rows * image.Columns * 2)
        path = self.folder / f"{uid}.dcm"
        image.save_as(path, write_like_original=False)
        self.hub.run(["storescu", "-aet", device, "-aec", "GATEWAY", "localhost",
                      str(self.hub.ports[self.facility]["dicom"]), str(path)],
                     env={**os.environ, "TCP_NODELAY": "1"})
        self.sent[uid] = dataset_hash(path.read_bytes())
        size = path.stat().st_size
        path.unlink()
        return uid, size

    # The HIS.

    def order(self, priority=1):
        """Writes an order at the gateway."""
        import grpc
        from tongjian.orders.v1 import order_service_pb2
        self.number += 1
        request = order_service_pb2.CreateOrderRequest(request_id=f"order-{self.number}")
        request.order.ordering_facility_id = self.facility
        request.order.patient.facility_patient_id = f"P{self.number}"
        request.order.patient.name = "张三"
        request.order.priority = priority
        request.order.items.add(name="胸部正位", modality="DX")
        began = time.monotonic()
        try:
            order = self.stub("order_service", "OrderService").CreateOrder(request, timeout=10)
        except grpc.RpcError as error:  # The connection was that of a gateway killed since: once more, as any HIS does.
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            order = self.stub("order_service", "OrderService").CreateOrder(request, timeout=10)
        self.slowest_order = max(self.slowest_order, time.monotonic() - began)
        self.ordered.append(order.accession_number)
        return order

    def stub(self, file, service, package="orders"):
        module = __import__(f"tongjian.{package}.v1.{file}_pb2_grpc", fromlist=[service])
        port = self.hub.ports[self.facility]["rpc"]
        return getattr(module, service + "Stub")(self.hub.channel_of(self.facility, port, f"{self.facility}.gateway"))

    def status(self):
        from tongjian.edge.v1 import edge_pb2
        return self.stub("edge", "EdgeService", "edge").GetStatus(edge_pb2.GetStatusRequest(), timeout=10)

    def spool(self):
        from tongjian.edge.v1 import edge_pb2
        return self.stub("edge", "EdgeService", "edge").ListSpool(edge_pb2.ListSpoolRequest(), timeout=10).objects

    def await_numbers(self):
        self.hub.wait_for("accession numbers", lambda: self.status().accession_numbers_left >= 1000)

    def metric(self, name, lane="routine"):
        """A counter of the gateway's."""
        port = self.hub.ports[self.facility]["admin"]
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        found = re.search(rf'^{name}{{lane="{lane}"}} (\S+)$', text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    # What the hub has.

    def hub_stub(self, package, file, service):
        module = __import__(f"tongjian.{package}.v1.{file}_pb2_grpc", fromlist=[service])
        return getattr(module, service + "Stub")(
            self.hub.channel_of(self.facility, self.hub.ports["hub"]["rpc"], "localhost"))

    def at_hub(self):
        """(study id, SOP Instance UID) of every instance of this clinic, and the number of conflicts."""
        from tongjian.imaging.v1 import study_pb2
        stub = self.hub_stub("imaging", "study", "StudyService")
        found, conflicts = [], 0
        for study in stub.ListStudies(study_pb2.ListStudiesRequest(page_size=200), timeout=30).studies:
            conflicts += study.conflict_count
            inner = study_pb2.ListInstancesRequest(study_id=study.id, page_size=1000)
            found += [(study.id, one.sop_instance_uid) for one in stub.ListInstances(inner, timeout=30).instances]
        return found, conflicts

    def await_instance(self, uid, seconds):
        """When the hub has it, in seconds of the monotonic clock."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(one == uid for _, one in self.at_hub()[0]):
                return time.monotonic()
            time.sleep(0.01)
        raise Failed(f"the hub has not got an instance after {seconds} s")

    def check(self, seconds=60):
        """Everything this clinic was told is kept is at the hub, once, with its bits; so are its orders."""
        from tongjian.imaging.v1 import study_pb2
        from tongjian.orders.v1 import order_pb2, order_service_pb2
        self.hub.wait_for("all instances at the hub",
                          lambda: {uid for _, uid in self.at_hub()[0]} >= set(self.sent), seconds)
        found, conflicts = self.at_hub()
        if len(found) != len(self.sent) or conflicts:
            raise Failed(f"{len(found)} instances instead of {len(self.sent)}, {conflicts} conflicts")
        stub = self.hub_stub("imaging", "study", "StudyService")
        for study, uid in found:
            request = study_pb2.ReadInstanceRequest(study_id=study, sop_instance_uid=uid)
            data = b"".join(part.data for part in stub.ReadInstance(request, timeout=60))
            if dataset_hash(data) != self.sent[uid]:
                raise Failed("an instance reads back otherwise than it was sent")
        self.hub.wait_for("all orders at the hub", lambda: self.status().pending_orders == 0, seconds)
        orders = self.hub_stub("orders", "order_service", "OrderService")
        listed = orders.ListOrders(order_service_pb2.ListOrdersRequest(page_size=200), timeout=30).orders
        numbers = sorted(one.accession_number for one in listed if one.origin == order_pb2.ORDER_ORIGIN_HIS)
        if numbers != sorted(self.ordered):
            raise Failed(f"{len(numbers)} orders at the hub instead of {len(self.ordered)}")
