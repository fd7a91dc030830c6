"""A minimal SCU of our own, for storage and queries: an object's bytes come from a generator, so that a sender of 2 GB needs
neither file nor memory."""

import socket
import struct
import time

from pydicom.uid import ExplicitVRLittleEndian

from harness import Failed

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
CONTEXT_ID = 1


def item(kind, body):
    return struct.pack(">BxH", kind, len(body)) + body


def element(tag, value):
    """An element of a command set: implicit VR little endian."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


class Association:
    """One association with one presentation context. PDUs are as large as the peer takes."""

    def __init__(self, port, called, calling, sop_class, transfer_syntax=ExplicitVRLittleEndian):
        self.sop_class = sop_class
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = struct.pack(">Bxxx", CONTEXT_ID) + item(0x30, sop_class.encode()) + item(0x40, transfer_syntax.encode())
        user = item(0x51, struct.pack(">I", 131072)) + item(0x52, b"1.2.826.0.1.3680043.10.9999.1")
        body = (struct.pack(">Hxx", 1) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32) +
                item(0x10, APPLICATION_CONTEXT) + item(0x20, context) + item(0x50, user))
        self.socket.sendall(struct.pack(">BxI", 1, len(body)) + body)
        kind, answer = self.receive()
        if kind != 2:
            raise Failed(f"association not accepted: PDU type {kind}")
        self.pdu_max = self.maximum_of(answer) or 131072

    @staticmethod
    def maximum_of(answer):
        at = 68
        while at < len(answer):
            kind, size = struct.unpack_from(">BxH", answer, at)
            if kind == 0x50:
                inner = at + 4
                while inner < at + 4 + size:
                    sub, length = struct.unpack_from(">BxH", answer, inner)
                    if sub == 0x51:
                        return struct.unpack_from(">I", answer, inner + 4)[0]
                    inner += 4 + length
            at += 4 + size
        return 0

    def receive(self):
        head = self.take(6)
        return head[0], self.take(struct.unpack(">BxI", head)[1])

    def take(self, size):
        parts = b""
        while len(parts) < size:
            part = self.socket.recv(size - len(parts))
            if not part:
                raise Failed("the peer closed the connection")
            parts += part
        return parts

    def send(self, control, body):
        """One P-DATA-TF with one value. `control`: 1 a command, 2 the last of its kind."""
        head = struct.pack(">BxIIBB", 4, len(body) + 6, len(body) + 2, CONTEXT_ID, control)
        self.socket.sendall(head + body)

    def store(self, uid, chunks):
        """C-STORE of a data set that comes in chunks; returns the status."""
        command = (element(0x00000002, self.sop_class.encode()) + element(0x00000100, struct.pack("<H", 1)) +
                   element(0x00000110, struct.pack("<H", 1)) + element(0x00000700, struct.pack("<H", 0)) +
                   element(0x00000800, struct.pack("<H", 0)) + element(0x00001000, uid.encode()))
        self.send(3, element(0x00000000, struct.pack("<I", len(command))) + command)
        room = self.pdu_max - 6
        for chunk in chunks:
            view = memoryview(chunk)
            for at in range(0, len(view), room):
                self.send(0, view[at:at + room].tobytes())
        self.send(2, b"")
        kind, answer = self.receive()
        if kind != 4:
            raise Failed(f"no answer to C-STORE: PDU type {kind}")
        at = answer.index(b"\0\0\0\x09\x02\0\0\0") + 8
        return struct.unpack_from("<H", answer, at)[0]

    def find(self, keys, enough=None):
        """C-FIND; returns how many answers came and after how many seconds the last one, or the answer that was `enough`."""
        identifier = b"".join(element(tag, value.encode()) for tag, value in sorted(keys.items()))
        command = (element(0x00000002, self.sop_class.encode()) + element(0x00000100, struct.pack("<H", 0x20)) +
                   element(0x00000110, struct.pack("<H", 1)) + element(0x00000700, struct.pack("<H", 0)) +
                   element(0x00000800, struct.pack("<H", 0)))
        began = time.monotonic()
        self.send(3, element(0x00000000, struct.pack("<I", len(command))) + command)
        self.send(2, identifier)
        answers, took = 0, None
        for status in self.statuses():
            if status in (0xFF00, 0xFF01):
                answers += 1
                if answers == enough:
                    took = time.monotonic() - began
            elif status == 0:
                return answers, took or time.monotonic() - began
            else:
                raise Failed(f"C-FIND ended with {status:04X}")

    def statuses(self):
        """The statuses of the responses, as they come."""
        while True:
            kind, body = self.receive()
            if kind != 4:
                raise Failed(f"no answer: PDU type {kind}")
            at = 0
            while at < len(body):
                size, control = struct.unpack_from(">IxB", body, at)
                if control & 1:
                    value = body.index(b"\0\0\0\x09\x02\0\0\0", at) + 8
                    yield struct.unpack_from("<H", body, value)[0]
                at += 4 + size

    def release(self):
        self.socket.sendall(struct.pack(">BxI", 5, 4) + bytes(4))
        self.receive()
        self.socket.close()
