"""Objects and queries that lie: lengths, nesting, counts, compression, UIDs; and one UID for two contents."""

import hashlib
import struct
import time
import zlib

import peer

from case import Wrong, case, expect, expect_ended
from peer import CT, DEFLATED, EXPLICIT, IMPLICIT, JPEG, Peer, explicit

STUDY = "1.2.826.0.1.3680043.8.498.1"
CONTEXTS = [(1, peer.VERIFICATION, [IMPLICIT]), (3, CT, [EXPLICIT]), (5, CT, [IMPLICIT]), (7, CT, [DEFLATED]), (9, CT, [JPEG])]
BY_SYNTAX = {EXPLICIT: 3, IMPLICIT: 5, DEFLATED: 7, JPEG: 9}
REFUSED = "refused"


def data_set(instance, tail=b"", study=STUDY, series=STUDY + ".1", patient="1001", name="ZHANG^SAN", sop_class=CT):
    return b"".join((
        explicit(0x00080016, "UI", sop_class), explicit(0x00080018, "UI", instance), explicit(0x00080060, "CS", "CT"),
        explicit(0x00100010, "PN", name), explicit(0x00100020, "LO", patient), explicit(0x0020000D, "UI", study),
        explicit(0x0020000E, "UI", series))) + tail


def store(target, data, instance, syntax=EXPLICIT, sop_class=CT):
    """The status of one C-STORE, "ended" where the association did; a refusal leaves the association usable."""
    with Peer(target.dicom) as device:
        device.associate(CONTEXTS, calling="BLQ_CR1")
        try:
            status = device.store(BY_SYNTAX[syntax], data, sop_class, instance)
            expect("the association goes on", device.echo(), 0)
            device.release()
            return status
        except peer.Ended:
            return "ended"


def expect_stored(target, data, instance, **more):
    expect("status of a good object", store(target, data, instance, **more), 0)


def expect_refused(target, what, data, instance, **more):
    status = store(target, data, instance, **more)
    if status == 0:
        raise Wrong(f"{what} was stored")


def nested(depth, defined=False):
    """Sequences (0040,0275) in one another."""
    if defined:
        inner = b""
        for _ in range(depth):
            whole = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
            inner = explicit(0x00400275, "SQ", b"", len(whole)) + whole
        return inner
    opening = explicit(0x00400275, "SQ", b"", 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


@case
def nesting(target):
    uid = f"1.2.3.1.{target.is_hub:d}"
    for defined in (False, True):
        for depth in (1, 63, 64):
            instance = f"{uid}.{depth}.{defined:d}"
            expect_stored(target, data_set(instance, nested(depth, defined)), instance)
        for depth in (65, 1000, 5000):
            expect_refused(target, f"nesting of {depth}", data_set(uid, nested(depth, defined)), uid)
    expect_refused(target, "nesting of 200,000", data_set(uid, nested(200000)), uid)


@case
def lengths_past_the_end(target):
    uid = "1.2.3.2"
    sequence = struct.pack("<HHI", 0xFFFE, 0xE000, 1000) + explicit(0x00080060, "CS", "CT")
    fragments = explicit(0x7FE00010, "OB", b"", 0xFFFFFFFF)
    for what, tail in {
            "a value cut short": explicit(0x00281050, "DS", "1", 20),
            "a 4 GiB value": explicit(0x7FE00010, "OW", b"xx", 0xFFFFFFF0),
            "a 2 GiB value": explicit(0x7FE00010, "OW", b"xx", 0x7FFFFFFE),
            "a long name cut short": explicit(0x00104000, "LT", "x", 65534),
            "an item past its sequence": explicit(0x00400275, "SQ", b"", len(sequence)) + sequence,
            "a sequence past the data set": explicit(0x00400275, "SQ", b"", 500),
            "a fragment past the end": fragments + struct.pack("<HHI", 0xFFFE, 0xE000, 0x7FFFFFFF) + b"xx",
            "a fragment of undefined length": fragments + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF),
            "half a head": b"\x08\x00\x60",
            "an item nowhere": struct.pack("<HHI", 0xFFFE, 0xE000, 4) + b"xxxx",
            "an element in place of an item": explicit(0x00400275, "SQ", b"", 20) + explicit(0x00080060, "LO", "x" * 12),
    }.items():
        expect_refused(target, what, data_set(uid, tail), uid)
    for what, data in {"nothing": b"", "a byte": b"\x08", "zeros": bytes(1000), "ones": b"\xff" * 1000,
                       "text": b"GET / HTTP/1.1\r\n\r\n" * 100, "itself twice": data_set("1.2.3.2.1") * 2 + b"\x08"}.items():
        for syntax in BY_SYNTAX:
            expect_refused(target, f"{what} as {syntax}", data, "1.2.3.2.9", syntax=syntax)


@case
def huge_counts(target):
    """A million of something costs time in proportion and no memory to speak of."""
    uid = f"1.2.3.3.{target.is_hub:d}"
    began = time.monotonic()
    before = target.resident_kb()
    nothing = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    fragments = explicit(0x7FE00010, "OB", b"", 0xFFFFFFFF) + nothing * 100001 + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    store(target, data_set(uid + ".1", fragments), uid + ".1", syntax=JPEG)
    store(target, data_set(uid + ".2", explicit(0x00102000, "LO", "allergy") * 50000), uid + ".2")
    store(target, data_set(uid + ".3", struct.pack("<HH2sH", 0x10, 0x2000, b"\x01\xff", 0) * 20000), uid + ".3")
    store(target, data_set(uid + ".4", explicit(0x00101001, "PN", "A^B\\" * 8000)), uid + ".4")
    expect_refused(target, "a million and one elements", data_set(uid, struct.pack("<HH2sH", 0x10, 0x2000, b"LO", 0) * 1000001), uid)
    items = explicit(0x00081110, "SQ", b"", 0xFFFFFFFF) + nothing * 1000001
    expect_refused(target, "a million and one items", data_set(uid, items), uid)
    expect("the time of huge counts stays in proportion", time.monotonic() - began < 60, True)
    expect("their memory is given back, in kB", target.resident_kb() - before < 40000, True)


@case
def deflate_bombs(target):
    uid = "1.2.3.4"
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(data_set(uid, explicit(0x7FE00010, "OW", b"", 192 << 20)))
    for _ in range(192):
        bomb += deflater.compress(bytes(1 << 20))
    bomb += deflater.flush()
    expect_refused(target, "a bomb", bomb, uid, syntax=DEFLATED)
    honest = zlib.compressobj(9, zlib.DEFLATED, -15)
    small = honest.compress(data_set("1.2.3.4.5")) + honest.flush()
    expect_stored(target, small, "1.2.3.4.5", syntax=DEFLATED)
    for what, data in {"half of it": small[:len(small) // 2], "no deflate": data_set(uid), "a changed bit": small[:20] + b"\xff" + small[21:]}.items():
        expect_refused(target, what, data, "1.2.3.4.5", syntax=DEFLATED)


FORGED = ["../../../../tmp/tongjian-pwn", "/etc/tongjian-pwn", "..", ".", "1.2.3/../../4", "..\\..\\x", "1.2\x003", "1.2.3\n4", "", " ",
          "1..2", ".1", "1.", "1." * 150 + "1", "一.二".encode().decode("latin-1"), "%n%s", "'; drop table instance; --"]


@case
def forged_uids(target):
    for uid in FORGED:
        expect_refused(target, f"command UID {uid!r}", data_set(uid), uid)
        expect_refused(target, f"SOP instance {uid!r}", data_set(uid), "1.2.3.5")
        expect_refused(target, f"SOP class {uid!r}", data_set("1.2.3.5", sop_class=uid), "1.2.3.5", sop_class=uid)
        expect_refused(target, f"study {uid!r}", data_set("1.2.3.5", study=uid), "1.2.3.5")
        expect_refused(target, f"series {uid!r}", data_set("1.2.3.5", series=uid), "1.2.3.5")
    expect("another instance than announced", store(target, data_set("1.2.3.6"), "1.2.3.7"), 0xA900)


@case
def forged_values(target):
    """What is a name or a number to people is only bytes to us: stored as it came, and nothing is done with it."""
    uid = f"1.2.3.8.{target.is_hub:d}"
    values = ["'; drop table study; --", "<script>alert(1)</script>", "a\rPID|1||666", "\x1c\x0b", "\x00\x00x", "${jndi:x}", "../../x",
              "\u202egnp".encode().decode("latin-1"), "=" * 9000, "\xb2\xe2\xca\xd4", "\x1b$)C" * 500]
    for number, value in enumerate(values):
        instance = f"{uid}.{number}"
        tail = explicit(0x00181030, "LO", value) + explicit(0x00200010, "SH", value[:16]) + explicit(0x00280008, "IS", "2147483647")
        data = data_set(instance, tail, patient=value, name=value, study=f"{STUDY}.8.{number}")
        expect_stored(target, data, instance)


def find(target, identifier, number=3, patience=30):
    model = peer.STUDY_FIND if target.is_hub else peer.WORKLIST
    with Peer(target.dicom, patience=patience) as device:
        device.associate([(1, peer.VERIFICATION, [IMPLICIT]), (3, model, [EXPLICIT]), (5, model, [IMPLICIT])], calling="BLQ_CR1")
        try:
            status = device.request(number, {2: model, 0x100: 0x0020, 0x700: 0}, identifier)
            expect("the association goes on", device.echo(), 0)
            return status
        except peer.Ended:
            return "ended"


@case
def queries(target):
    level = explicit(0x00080052, "CS", "STUDY") if target.is_hub else b""
    expect("an honest query", find(target, level + explicit(0x00100020, "LO", "1001")), 0)
    for depth in (65, 5000):
        for defined in (False, True):
            status = find(target, level + nested(depth, defined))
            expect(f"a query nested {depth} deep is refused", status not in (0, "ended"), True)
    expect("a query of 2 MiB", find(target, level + explicit(0x00101000, "OB", bytes(2 << 20))), "ended")
    for key in (explicit(0x00100010, "PN", "*" * 5000), explicit(0x00100010, "PN", "*?" * 3000 + "x"), explicit(0x0020000D, "UI", "1.2\\" * 10000),
                explicit(0x00100020, "LO", "' or 1=1 --"), explicit(0x00080020, "DA", "-" * 60), explicit(0x00080020, "DA", "99999999-00000000"),
                explicit(0x04110010, "LO", "PRIVATE") * 1000, explicit(0x00080005, "CS", "ISO 2022 IR 999"), explicit(0x00400100, "SQ", b"\xff" * 8),
                explicit(0x00080052, "CS", "../x"), b"".join(explicit(0x00101000 + n * 2, "LO", "x") for n in range(1000)), bytes(50), b"\xff" * 50):
        began = time.monotonic()
        find(target, level + key)
        expect("a query's time", time.monotonic() - began < 10, True)


@case
def moves(target):
    if not target.is_hub:
        return
    for destination in ("../secret/VICTIM", "NOBODY", "A" * 300, "\0", "BLQ_CR1"):
        with Peer(target.dicom) as device:
            device.associate([(1, peer.VERIFICATION, [IMPLICIT]), (3, peer.STUDY_MOVE, [EXPLICIT])], calling="BLQ_CR1")
            fields = {2: peer.STUDY_MOVE, 0x100: 0x0021, 0x700: 0, 0x600: destination}
            for identifier in (explicit(0x00080052, "CS", "STUDY") + explicit(0x0020000D, "UI", "1.2\\" * 1000), nested(100)):
                expect(f"a move to {destination!r:.20}", device.request(3, fields, identifier) != 0, True)
            expect("the association goes on", device.echo(), 0)


@case
def an_object_that_never_ends(target):
    """The device goes silent inside an object: it is given up at the deadline and nothing of it is kept."""
    with Peer(target.dicom) as device:
        device.associate(CONTEXTS, calling="BLQ_CR1")
        fields = peer.command_set({2: CT, 0x100: 1, 0x110: 1, 0x800: 1, 0x1000: "1.2.3.9", 0x700: 0})
        device.send_parts(3, fields, True)
        device.send(peer.pdu(peer.DATA, peer.pdv(3, 0, data_set("1.2.3.9"))))
        expect_ended(device)


@case
def two_contents_under_one_uid(target):
    """The first stays what it is; the other is kept beside it and shown."""
    instance = f"1.2.3.10.{target.is_hub:d}"
    first = data_set(instance, explicit(0x7FE00010, "OW", b"\1" * 5000), patient="A-1", name="LI^SI", study=STUDY + ".10")
    other = data_set(instance, explicit(0x7FE00010, "OW", b"\2" * 5000), patient="B-2", name="WANG^WU", study=STUDY + ".10")
    for data in (first, first, other, other, first):
        expect_stored(target, data, instance)
    stage = target.stage

    def conflicts():
        return [conflict for conflict in stage.ctl("technician", "conflicts", "list").get("conflicts", [])
                if conflict["sop_instance_uid"] == instance]

    stage.wait_for("the conflict", conflicts)
    found = conflicts()
    expect("conflicts", [(conflict["state"], conflict.get("size")) for conflict in found], [("open", found[0]["size"])])
    expect("its digests differ", found[0]["first_digest"] != found[0]["later_digest"], True)
    kept = read_back(stage, found[0]["study_id"], instance)
    expect("the first is what it was", hashlib.sha256(peer.split_file(kept)[3]).digest(), hashlib.sha256(first).digest())


def read_back(stage, study, instance):
    """The object as the hub gives it out."""
    import grpc
    from tongjian.imaging.v1 import study_pb2, study_pb2_grpc

    with open(stage.path("ca", "ca.pem"), "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    with open(stage.path("technician.token"), encoding="utf-8") as file:
        token = file.read().strip().splitlines()[-1]
    with grpc.secure_channel(f"localhost:{stage.ports['hub']['rpc']}", credentials) as channel:
        parts = study_pb2_grpc.StudyServiceStub(channel).ReadInstance(
            study_pb2.ReadInstanceRequest(study_id=study, sop_instance_uid=instance),
            metadata=[("authorization", f"Bearer {token}")], timeout=30)
        return b"".join(part.data for part in parts)


