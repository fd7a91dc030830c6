"""What a peer can do wrong before any data set: PDUs, associations, titles, command sets, time."""

import os
import struct
import time

import peer
from case import case, expect, expect_ended
from peer import DATA, IMPLICIT, Peer, associate_request, element, item, pdu, pdv

CONTEXTS = [(1, peer.VERIFICATION, [IMPLICIT]), (3, peer.CT, [IMPLICIT])]


def associated(target, **more):
    device = Peer(target.dicom)
    device.associate(CONTEXTS, calling="BLQ_CR1", **more)
    return device


@case
def pdu_lengths_of_4_gib(target):
    for kind in range(0, 10):
        head = struct.pack(">BBI", kind, 0, 0xFFFFFFFF)
        with Peer(target.dicom) as device:
            device.send(head)
            expect_ended(device)
        with associated(target) as device:
            device.send(head)
            expect_ended(device)


@case
def pdus_over_the_negotiated_size(target):
    for size in (131073, 200000, 1 << 24):
        with associated(target) as device:
            device.send(pdu(DATA, pdv(3, 0, b"x" * 10), length=size))
            expect_ended(device)


@case
def pdvs_of_wrong_lengths(target):
    command = bytes(20)
    for length in (0, 1, 23, 1000, 0x7FFFFFFF, 0xFFFFFFFF):
        with associated(target) as device:
            device.send(pdu(DATA, pdv(1, 3, command, length=length)))
            expect_ended(device)
    for body in (b"", b"\0", bytes(5)):
        with associated(target) as device:
            device.send(pdu(DATA, body))
            expect_ended(device)


@case
def pdvs_of_no_bytes(target):
    """They are legal: a thousand of them before, in and behind a message change nothing."""
    none = pdu(DATA, pdv(1, 1, b"") * 1000)
    with associated(target) as device:
        fields = peer.command_set({2: peer.VERIFICATION, 0x100: 0x30, 0x110: 1, 0x800: 0x101})
        device.send(none + pdu(DATA, pdv(1, 1, fields[:7])) + none + pdu(DATA, pdv(1, 3, fields[7:])))
        expect("an echo", peer.struct.unpack("<H", device.response()[0x900])[0], 0)
    with associated(target) as device:
        device.send(pdu(DATA, pdv(1, 3, b"")))
        expect_ended(device)


@case
def pdvs_out_of_place(target):
    fields = peer.command_set({2: peer.CT, 0x100: 1, 0x110: 1, 0x800: 1, 0x1000: "1.2.3"})
    for body in (pdv(77, 3, fields), pdv(0, 3, fields), pdv(255, 3, fields), pdv(3, 2, fields),
                 pdv(3, 3, fields) + pdv(1, 2, b"x"), pdv(3, 3, fields) + pdv(3, 3, fields), pdv(3, 1, fields) + pdv(1, 3, fields)):
        with associated(target) as device:
            device.send(pdu(DATA, body))
            expect_ended(device)


@case
def nested_command_sets(target):
    undefined = b"\0\0\x99\x09\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    for depth in (1, 2, 65, 5000, 200000):
        with associated(target) as device:
            device.send_parts(1, undefined * depth, True)
            expect_ended(device)
    inner = b""
    for _ in range(1000):
        inner = element(0x00000999, b"\xfe\xff\0\xe0" + struct.pack("<I", len(inner)) + inner)
    with associated(target) as device:
        device.send_parts(3, inner, True)
        device.send(pdu(peer.RELEASE, bytes(4)))
        device.expect_end()


@case
def broken_command_sets(target):
    whole = peer.command_set({2: peer.VERIFICATION, 0x100: 0x30, 0x110: 1, 0x800: 0x101})
    broken = [b"\0", whole[:-3], bytes(100), os.urandom(1000), element(2, "1.2.3") * 3000, element(0x100, b""),
              struct.pack("<HHI", 0, 0x100, 0xFFFFFFFF), struct.pack("<HHI", 0, 0x100, 0x7FFFFFFF) + b"xy",
              element(0x100, b"x" * 60000), element(0x00990100, b"xx") + whole]
    for data in broken:
        with associated(target) as device:
            device.send_parts(1, data, True)
            device.send(pdu(peer.RELEASE, bytes(4)))
            device.expect_end()
    with associated(target) as device:  # It never ends: the limit does.
        for _ in range(100):
            if not device.send(pdu(DATA, pdv(1, 1, element(2, "1.2.3") * 1000))):
                break
        expect_ended(device)


@case
def commands_nobody_knows(target):
    for command in (0, 2, 0x10, 0x21, 0x110, 0x120, 0x130, 0x140, 0x150, 0x100, 0x8001, 0x8030, 0x7FFF, 0xFFFF):
        for number in (1, 3):
            with associated(target) as device:
                status = device.request(number, {2: peer.CT, 0x100: command, 0x1000: "1.2.3"}, b"x" * 10)
                expect(f"command {command:04x} is refused", status != 0, True)
                expect("and the association goes on", device.echo(), 0)


@case
def aborts_midway(target):
    abort = pdu(peer.ABORT, bytes(4))
    fields = peer.command_set({2: peer.CT, 0x100: 1, 0x110: 1, 0x800: 1, 0x1000: "1.2.3"})
    for before in (b"", pdu(DATA, pdv(3, 1, fields[:9])), pdu(DATA, pdv(3, 3, fields)),
                   pdu(DATA, pdv(3, 3, fields)) + pdu(DATA, pdv(3, 0, peer.element(0x00080016, peer.CT))),
                   pdu(DATA, pdv(3, 3, fields))[:20]):
        for ending in (abort, pdu(peer.RELEASE, bytes(4)), b""):
            with associated(target) as device:
                device.send(before + ending)
                if ending:
                    device.end_sending()
                    device.expect_end()


@case
def forged_titles(target):
    bad = ["../secret/V", "a/b", "a\\b", ".", "..", "/etc/passwd", "A\0B", "A\tB", "A\nB", "\xff", "a;b", "a|b", "`id`", "$(id)",
           "a b  c", "%s%n", "<b>", "'--", "", "\0" * 16, "A" + "\0" * 14 + "B"]
    good = ["MY-AE_1", "AE@HOST", "AE:1", "A", "SIXTEEN_LETTERS_"]
    for text in bad:
        for which in ("called", "calling"):
            with Peer(target.dicom) as device:
                device.send(associate_request(CONTEXTS, **{which: text}))
                expect(f"{which} title {text!r}", device.expect_end()[:8], "rejected")
    for text in good:
        with Peer(target.dicom) as device:
            expect(f"title {text!r}", len(device.associate(CONTEXTS, called=text, calling=text)), 2)
            device.release()


@case
def greedy_associations(target):
    many = [f"1.2.3.{number}" for number in range(127)] + [IMPLICIT]
    with Peer(target.dicom) as device:
        contexts = [(number, peer.CT, many) for number in range(1, 256, 2)]
        expect("128 contexts of 128 syntaxes", len(device.associate(contexts, calling="BLQ_CR1")), 128)
    with Peer(target.dicom) as device:  # One more than there may be, all with odd numbers: one comes twice.
        device.send(associate_request(contexts + [(1, peer.CT, [IMPLICIT])]))
        expect_ended(device)
    for wrong in ([(1, peer.CT, many + ["1.2.4"])], [(2, peer.CT, [IMPLICIT])], [(1, peer.CT, [])], [(1, "1." * 150, [IMPLICIT])],
                  [(1, peer.CT, ["1." * 150])], [], [(1, peer.CT, [IMPLICIT]), (1, peer.CT, [IMPLICIT])]):
        with Peer(target.dicom) as device:
            device.send(associate_request(wrong))
            expect_ended(device)
    for odd in ([(1, "", [IMPLICIT])], [(1, peer.CT, [""])], [(1, "../../tmp/pwn", ["../x"])]):
        with Peer(target.dicom) as device:
            expect(f"contexts of {odd}", device.associate(odd, calling="BLQ_CR1"), {})
    for user in (item(0x51, b"\0\0"), item(0x51, struct.pack(">I", 1)), item(0x54, b"\xff\xff1.2"), item(0x55, b"v" * 300),
                 item(0x56, b"\xff\xff"), item(0x57, b"\0\1a\0\1b\0\4\0\xff"), item(0x58, b"\1\1\xff\xff"), b"\x51\0\xff\xff"):
        with Peer(target.dicom) as device:
            device.send(associate_request(CONTEXTS, user=user))
            expect_ended(device)


@case
def associations_with_one_byte_changed(target):
    good = associate_request(CONTEXTS, calling="BLQ_CR1")
    for at in range(0, len(good), 2):
        for value in (0xFF, 0x00):
            with Peer(target.dicom) as device:
                device.send(good[:at] + bytes([value]) + good[at + 1:])
                device.send(pdu(peer.ABORT, bytes(4)))
                device.end_sending()
                device.expect_end()


@case
def pdus_out_of_order(target):
    for kind in (2, 3, 4, 5, 6, 7):
        with Peer(target.dicom) as device:
            device.send(pdu(kind, bytes(4)))
            device.expect_end()
    for kind in (1, 2, 3, 6):
        with associated(target) as device:
            device.send(associate_request(CONTEXTS) if kind == 1 else pdu(kind, bytes(4)))
            expect_ended(device)
    with associated(target) as device:
        device.send(pdu(peer.RELEASE, bytes(4)) + pdu(DATA, pdv(1, 3, bytes(20))))
        device.expect_end()


@case
def other_protocols(target):
    for text in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + os.urandom(32),
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x0bMSH|^~\\&|\x1c\r", bytes(4096), os.urandom(65536)):
        with Peer(target.dicom) as device:
            device.send(text)
            device.end_sending()
            device.expect_end(5)


def drip(device, data, seconds):
    """Sends a byte now and then for at most `seconds`; whether the other side has ended it by then."""
    device.socket.settimeout(0.25)
    until = time.monotonic() + seconds
    for byte in data:
        if not device.send(bytes([byte])):
            return True
        try:
            device.read(1 << 20)
        except peer.Ended:
            return True
        except TimeoutError:
            if time.monotonic() > until:
                return False
    return False


@case
def slow_peers(target):
    """A byte now and then, at every stage: the deadline is the whole unit's, so the drip does not help."""
    request = associate_request(CONTEXTS)
    began = time.monotonic()
    silent, half = Peer(target.dicom), Peer(target.dicom)
    half.send(request[:40])
    idle = associated(target)
    broken_off = associated(target)
    broken_off.send(pdu(DATA, pdv(1, 3, bytes(100)))[:50])
    released = associated(target)
    released.send(pdu(peer.RELEASE, bytes(4)))  # Its answer is not read, and the connection is left open.
    with Peer(target.dicom) as device:
        expect("a dripping request is ended", drip(device, request, 9), True)
    with associated(target) as device:
        expect("a dripping data PDU is ended", drip(device, pdu(DATA, pdv(1, 3, bytes(1000))), 9), True)
    for device in (silent, half, idle, broken_off, released):
        device.expect_end(15)
        device.socket.close()
    expect("nobody waited longer than the deadlines", time.monotonic() - began < 30, True)


@case
def a_thousand_half_open(target):
    """From one address: it has its few places, and others are served meanwhile."""
    request = associate_request(CONTEXTS)
    crowd = []
    for number in range(1000):
        device = Peer(target.dicom, source=f"127.0.0.{66 + number % 2}")
        device.send(request[: number % 80])
        crowd.append(device)
    target.check()
    for device in crowd:
        device.socket.close()


@case
def a_storm_of_associations(target):
    """Thousands come, ask wrongly or break off: nothing is left behind."""
    def storm(count):
        for number in range(count):
            with Peer(target.dicom, source=f"127.0.1.{number % 200 + 1}") as device:
                device.send(associate_request(CONTEXTS if number % 3 else [(2, "", [""])] * 100))
                device.read(1)

    storm(300)
    before = target.resident_kb()
    storm(1500)
    expect("memory after 1500 associations, in kB", target.resident_kb() - before < 6000, True)
