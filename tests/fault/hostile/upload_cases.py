"""A gateway gone wrong: its own certificate, and uploads that break the protocol. The hub has the service."""

import hashlib
import queue
import uuid

from case import Wrong, case, expect
from object_cases import STUDY, data_set, nested
from peer import CT, EXPLICIT, explicit
from target import CLINIC, OTHER

FACILITY = CLINIC["facility"]


def crc32c(data):
    table = crc32c.__dict__.setdefault("table", [])
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def file_of(instance, dataset):
    """A Part 10 file around a data set."""
    meta = explicit(0x00020001, "OB", b"\0\1") + explicit(0x00020002, "UI", CT) + explicit(0x00020003, "UI", instance)
    meta += explicit(0x00020010, "UI", EXPLICIT) + explicit(0x00020012, "UI", "1.2.3.4")
    return bytes(128) + b"DICM" + explicit(0x00020000, "UL", len(meta).to_bytes(4, "little")) + meta + dataset


class Sender:
    """One upload stream. Steps are sent when told; answers are read one by one."""

    def __init__(self, target):
        from tongjian.imaging.v1 import ingest_pb2, ingest_pb2_grpc

        self.pb = ingest_pb2
        self.target = target
        self.channel = target.channel("gateway", [("grpc.max_send_message_length", -1)])
        self.steps = queue.Queue()
        self.call = ingest_pb2_grpc.IngestServiceStub(self.channel).Upload(iter(self.steps.get, None), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.steps.put(None)
        self.call.cancel()
        self.channel.close()

    def begin(self, data, **more):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        begin = {"upload_id": str(uuid.uuid4()), "size": len(data), "digest": digest, "facility_id": FACILITY, "device_ae_title": "BLQ_CR1", **more}
        self.steps.put(self.pb.UploadRequest(begin=self.pb.UploadBegin(**begin)))
        return begin["upload_id"]

    def chunk(self, offset, data, crc=None):
        crc = crc32c(data) if crc is None else crc
        self.steps.put(self.pb.UploadRequest(chunk=self.pb.UploadChunk(offset=offset, data=data, crc32c=crc)))

    def finish(self, upload_id):
        self.steps.put(self.pb.UploadRequest(finish=self.pb.UploadFinish(upload_id=upload_id)))

    def answer(self):
        return next(self.call)

    def failure(self, what):
        """The failure that comes next, past states."""
        while True:
            answer = self.answer()
            if answer.WhichOneof("answer") == "failure":
                return answer.failure
            if answer.WhichOneof("answer") == "done":
                raise Wrong(f"{what} was stored")

    def stored(self, what, data, **more):
        """Sends an object as it should be; the outcome."""
        upload = self.begin(data, **more)
        for at in range(0, len(data), 65536):
            self.chunk(at, data[at:at + 65536])
        self.finish(upload)
        while True:
            answer = self.answer()
            if answer.WhichOneof("answer") == "failure":
                raise Wrong(f"{what}: {answer.failure.reason} {answer.failure.message}")
            if answer.WhichOneof("answer") == "done":
                return answer.done


def good_file(number):
    return file_of(f"1.2.3.20.{number}", data_set(f"1.2.3.20.{number}", explicit(0x7FE00010, "OW", b"\3" * 3000), study=STUDY + ".20"))


@case
def announcements_that_lie(target):
    if not target.is_hub:
        return
    data = good_file(1)
    with Sender(target) as sender:
        for what, lie in {
                "a path for an id": {"upload_id": "../../tmp/tongjian-pwn"}, "no id": {"upload_id": ""}, "a long id": {"upload_id": "a" * 300},
                "a NUL in the id": {"upload_id": "a\0b"}, "capitals": {"upload_id": "ABC"}, "a negative size": {"size": -1}, "no bytes": {"size": 0},
                "four exabytes": {"size": 1 << 62}, "no digest": {"digest": ""}, "another digest": {"digest": "md5:00"},
                "a short digest": {"digest": "sha256:00"}, "no facility": {"facility_id": ""}, "a path for a facility": {"facility_id": "../x"},
                "somebody else's facility": {"facility_id": OTHER["facility"]}, "an unknown priority": {"priority": 99},
                "no AE title": {"device_ae_title": "../../x"}, "half a character": {"device_ae_title": "中" * 6},
                "a long AE title": {"device_ae_title": "A" * 1000},
        }.items():
            sender.begin(data, **lie)
            sender.failure(what)
        expect("the stream goes on", sender.stored("a good object", data).sop_instance_uid, "1.2.3.20.1")


@case
def chunks_that_lie(target):
    if not target.is_hub:
        return
    data = good_file(2)
    with Sender(target) as sender:
        sender.chunk(0, data)
        sender.failure("a chunk without a begin")
        sender.steps.put(sender.pb.UploadRequest())
        sender.failure("no step")
        for what, offset, part, crc in (("a gap", 100, data, None), ("a negative offset", -1, data, None), ("far away", 1 << 62, data, None),
                                        ("a wrong checksum", 0, data, 1), ("more than was announced", 0, data + b"x", None),
                                        ("no DICOM", 0, b"MZ" * 500, None)):
            upload = sender.begin(data)
            sender.chunk(offset, part, crc)
            sender.finish(upload)
            sender.failure(what)
        big = bytes(2 << 20)
        sender.begin(big)
        sender.chunk(0, big, 0)
        sender.failure("a chunk of 2 MiB")
        upload = sender.begin(data)
        sender.chunk(0, data[:1000])
        sender.finish(upload)
        sender.failure("half an object")
        upload = sender.begin(data, digest="sha256:" + "0" * 64)
        sender.chunk(0, data)
        sender.finish(upload)
        sender.failure("another content than announced")
        sender.finish("nobodys")
        sender.failure("the end of nothing")
        for _ in range(500):
            sender.begin(data)
        for _ in range(500):
            sender.answer()
        expect("the stream goes on", sender.stored("a good object", data).sop_instance_uid, "1.2.3.20.2")


@case
def objects_that_lie(target):
    if not target.is_hub:
        return
    bad = {
        "nested 65 deep": nested(65), "nested 5000 deep": nested(5000), "a value past the end": explicit(0x00281050, "DS", "1", 200),
        "a 4 GiB value": explicit(0x7FE00010, "OW", b"xx", 0xFFFFFFF0),
    }
    with Sender(target) as sender:
        for what, tail in bad.items():
            data = file_of("1.2.3.21", data_set("1.2.3.21", tail))
            upload = sender.begin(data)
            for at in range(0, len(data), 65536):
                sender.chunk(at, data[at:at + 65536])
            sender.finish(upload)
            sender.failure(what)
        for what, instance, study in (("a path for a UID", "../../tmp/tongjian-pwn", STUDY), ("a path for a study", "1.2.3.21", "/etc/x")):
            data = file_of(instance, data_set(instance, study=study))
            upload = sender.begin(data)
            sender.chunk(0, data)
            sender.finish(upload)
            sender.failure(what)


@case
def streams_that_fight_and_break_off(target):
    """One upload, two streams: the later has it. One that breaks off is resumed where it was made durable."""
    if not target.is_hub:
        return
    data = good_file(3)
    name = str(uuid.uuid4())
    with Sender(target) as first, Sender(target) as second:
        first.begin(data, upload_id=name)
        first.answer()
        first.chunk(0, data[:1000])
        first.answer()
        second.begin(data, upload_id=name)
        state = second.answer().state
        expect("resumed at", 0 <= state.committed_size <= 1000, True)
        first.chunk(1000, data[1000:])
        first.failure("an upload that another stream took over")
        second.chunk(state.committed_size, data[state.committed_size:])
        second.finish(name)
        while second.answer().WhichOneof("answer") != "done":
            pass
    for _ in range(30):
        with Sender(target) as sender:
            sender.begin(data, upload_id=name + "-x")
            sender.chunk(0, data[:1500])
    with Sender(target) as sender:
        expect("stored in the end", sender.stored("a good object", data).sop_instance_uid, "1.2.3.20.3")


@case
def oversized_upload_messages(target):
    """Over the limit of a message: the call ends, the process does not take it in."""
    if not target.is_hub:
        return
    grpc = target.grpc
    with Sender(target) as sender:
        sender.begin(bytes(6 << 20))
        sender.chunk(0, bytes(6 << 20), 0)
        try:
            while True:
                sender.answer()
        except grpc.RpcError as error:
            expect("6 MiB in a message", error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
