"""A DICOM peer that sends whatever it is told, right or wrong: PDUs, command sets and data sets by hand, no toolkit."""

import socket
import struct
import time
import zlib

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
WORKLIST = "1.2.840.10008.5.1.4.31"

ASSOCIATE, ACCEPT, REJECT, DATA, RELEASE, RELEASED, ABORT = range(1, 8)
LONG_FORMS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UR", b"UT", b"UN", b"SV", b"UV")


class Ended(Exception):
    """The other side ended the association or the connection."""


def pdu(kind, body, length=None):
    return struct.pack(">BBI", kind, 0, len(body) if length is None else length) + body


def pdv(context, control, data, length=None):
    return struct.pack(">IBB", len(data) + 2 if length is None else length, context, control) + data


def item(kind, value, length=None):
    return struct.pack(">BBH", kind, 0, len(value) if length is None else length) + value


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def title(text):
    return as_bytes(text).ljust(16)[:16]


def context_item(number, abstract, syntaxes):
    value = bytes([number, 0, 0, 0]) + item(0x30, as_bytes(abstract))
    return item(0x20, value + b"".join(item(0x40, as_bytes(syntax)) for syntax in syntaxes))


def associate_request(contexts, called="TONGJIAN", calling="HOSTILE", pdu_max=131072, user=None):
    """`contexts`: (id, abstract syntax, transfer syntaxes) each; `user`: the user information in place of a good one."""
    if user is None:
        user = item(0x51, struct.pack(">I", pdu_max)) + item(0x52, b"1.2.3.4")
    body = struct.pack(">HH", 1, 0) + title(called) + title(calling) + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + b"".join(context_item(*context) for context in contexts)
    return pdu(ASSOCIATE, body + item(0x50, user))


def element(tag, value):
    """One element in implicit little endian, padded."""
    value = as_bytes(value)
    if len(value) % 2:
        value += b"\0"
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def command_set(fields):
    """Numbers are US, the rest as text; the group length is put in front."""
    body = b"".join(
        element(tag, struct.pack("<H", value) if isinstance(value, int) else value)
        for tag, value in sorted(fields.items()))
    return element(0x00000000, struct.pack("<I", len(body))) + body


def explicit(tag, vr, value, length=None):
    """One element in explicit little endian, padded; `length` is what its head says."""
    value, vr = as_bytes(value), as_bytes(vr)
    if len(value) % 2:
        value += b"\0" if vr in (b"UI", b"OB") else b" "
    size = len(value) if length is None else length
    if vr in LONG_FORMS:
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, size) + value
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, size & 0xFFFF) + value


class Peer:
    """One connection. Every read has a deadline: a server that leaves us waiting is a failure of the test."""

    def __init__(self, port, source="127.0.0.1", patience=30):
        self.patience = patience
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted = {}
        self.message = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the other side no longer takes it."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def end_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side was faster.

    def read(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionError as lost:
                raise Ended("connection reset") from lost
            if not part:
                raise Ended("closed")
            data += part
        return data

    def read_pdu(self):
        kind, _, length = struct.unpack(">BBI", self.read(6))
        body = self.read(length)
        if kind == ABORT:
            raise Ended("A-ABORT")
        return kind, body

    def expect_end(self, seconds=None):
        """Reads until the other side ends it; how it did is returned."""
        self.socket.settimeout(seconds or self.patience)
        try:
            while True:
                kind, body = self.read_pdu()
                if kind == REJECT:
                    return f"rejected {body[1]}/{body[2]}/{body[3]}"
        except Ended as end:
            return str(end)

    def associate(self, contexts, **more):
        """The accepted contexts: id to transfer syntax."""
        self.send(associate_request(contexts, **more))
        kind, body = self.read_pdu()
        if kind == REJECT:
            raise Ended(f"rejected {body[1]}/{body[2]}/{body[3]}")
        if kind != ACCEPT:
            raise Ended(f"PDU {kind}")
        rest = body[68:]
        while len(rest) >= 4:
            kind, _, length = struct.unpack(">BBH", rest[:4])
            value, rest = rest[4:4 + length], rest[4 + length:]
            if kind == 0x21 and value[2] == 0:
                self.accepted[value[0]] = value[8:].rstrip(b"\0 ").decode("latin-1")
        return self.accepted

    def send_parts(self, context, data, is_command, part=16000):
        last = 2
        kind = 1 if is_command else 0
        for at in range(0, max(len(data), 1), part):
            chunk = data[at:at + part]
            control = kind | (last if at + part >= len(data) else 0)
            if not self.send(pdu(DATA, pdv(context, control, chunk))):
                return False
        return True

    def response(self):
        """The next command set the other side sends, as a dictionary; data sets in between are let go."""
        collected = b""
        while True:
            kind, body = self.read_pdu()
            if kind != DATA:
                raise Ended(f"PDU {kind}")
            while body:
                length, _, control = struct.unpack(">IBB", body[:6])
                data, body = body[6:4 + length], body[4 + length:]
                if not control & 1:
                    continue
                collected += data
                if control & 2:
                    return parse_command(collected)

    def request(self, context, fields, data=None):
        """Sends a message, with a data set where there is one, and returns the status of its (last) response."""
        self.message += 1
        fields = {0x00000110: self.message, 0x00000800: 0x0101 if data is None else 1, **fields}
        self.send_parts(context, command_set(fields), True)
        if data is not None:
            self.send_parts(context, data, False)
        while True:
            status = struct.unpack("<H", self.response()[0x00000900])[0]
            if status not in (0xFF00, 0xFF01):
                return status

    def echo(self, context=1):
        return self.request(context, {0x00000002: VERIFICATION, 0x00000100: 0x0030})

    def store(self, context, data, sop_class, sop_instance):
        return self.request(context, {0x00000002: sop_class, 0x00000100: 0x0001, 0x00000700: 0,
                                      0x00001000: sop_instance}, data)

    def release(self):
        """Releases the association and closes first, as PS3.8 wants it of the requester."""
        self.send(pdu(RELEASE, bytes(4)))
        kind, _ = self.read_pdu()
        if kind != RELEASED:
            raise Ended(f"PDU {kind}")
        self.socket.close()


def parse_command(data):
    fields = {}
    while len(data) >= 8:
        group, number, length = struct.unpack("<HHI", data[:8])
        fields[group << 16 | number] = data[8:8 + length]
        data = data[8 + length:]
    return fields


def split_file(data):
    """(transfer syntax, SOP class, SOP instance, data set) of a file's bytes as far as they can be told."""
    meta, start = {}, 0
    if data[128:132] == b"DICM":
        start = 132
        while data[start:start + 2] == b"\x02\x00" and len(data) - start >= 8:
            vr = data[start + 4:start + 6]
            head, size = (12, data[start + 8:start + 12]) if vr in LONG_FORMS else (8, data[start + 6:start + 8])
            length = int.from_bytes(size, "little")
            meta[int.from_bytes(data[start + 2:start + 4], "little")] = data[start + head:start + head + length]
            start += head + length
    dataset = data[start:]
    syntax = meta.get(0x10, b"").strip(b"\0 ").decode("latin-1")
    if not syntax:
        syntax = EXPLICIT if dataset[4:6].isalpha() and dataset[4:6].isupper() else IMPLICIT
    sop_class, instance = uids_of(dataset, syntax)
    return syntax, sop_class or meta.get(2, b"").strip(b"\0"), instance or meta.get(3, b"").strip(b"\0"), dataset


def uids_of(dataset, syntax):
    """SOP class and instance UID of a data set's top level, b"" where they cannot be found without trust in it."""
    if syntax == DEFLATED:
        try:
            dataset = zlib.decompressobj(-15).decompress(dataset, 65536)
        except zlib.error:
            return b"", b""
    order = ">" if syntax == BIG_ENDIAN else "<"
    found, at = {}, 0
    while at + 8 <= len(dataset) and len(found) < 2:
        group, number = struct.unpack(order + "HH", dataset[at:at + 4])
        if (group, number) > (8, 0x18):
            break
        vr = dataset[at + 4:at + 6]
        if syntax == IMPLICIT:
            head, length = 8, struct.unpack("<I", dataset[at + 4:at + 8])[0]
        elif vr in LONG_FORMS:
            head, length = 12, int.from_bytes(dataset[at + 8:at + 12], "big" if order == ">" else "little")
        else:
            head, length = 8, struct.unpack(order + "H", dataset[at + 6:at + 8])[0]
        if group == 8 and number in (0x16, 0x18):
            found[number] = dataset[at + head:at + head + length].rstrip(b"\0 ")
        at += head + length
    return found.get(0x16, b""), found.get(0x18, b"")


def elapsed(since):
    return time.monotonic() - since
