"""What comes to the gRPC port and the admin port: garbage, HTTP/2 by hand, and calls that break the contract."""

import os
import socket
import struct
import time

from case import Wrong, case, expect, flood
from http2 import (CONTINUATION, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST, SETTINGS, WINDOW, Http2, frame, literal, number,
                   request_headers)


def his_files(target):
    name = "his-fac-bailongqiao"
    return target.stage.path(name + ".pem"), target.stage.path(name + ".key")


def callers(target):
    """A stranger, who has only what TLS asks for, and the clinic's own HIS gone wrong."""
    return (None, his_files(target))


@case
def garbage_on_the_rpc_port(target):
    for text in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0), os.urandom(100000),
                 b"\x16\x03\x01\xff\xff" + b"\1" * 70000, bytes(100), b"\x01\x00\x00\x00\x00\x10" + bytes(16)):
        with socket.create_connection(("127.0.0.1", target.rpc), timeout=20) as line:
            try:
                line.sendall(text)
                line.shutdown(socket.SHUT_WR)
                while line.recv(65536):
                    pass
            except OSError:
                pass  # Cut off is what it should be.
    with Http2(target.rpc, protocol="http/1.1", greet=False) as line:
        line.send(b"GET / HTTP/1.1\r\n\r\n")
        line.ended(5)


@case
def half_open_connections(target):
    """Five hundred that never shake hands: others are served, and after the handshake's deadline they are gone."""
    before = target.descriptors()
    crowd = [socket.create_connection(("127.0.0.1", target.rpc), timeout=30) for _ in range(500)]
    for number_of, line in enumerate(crowd):
        if number_of % 2:
            line.sendall(b"\x16\x03\x01\x02\x00\x01")
    target.check()
    began = time.monotonic()
    for line in crowd:
        try:
            line.recv(100)
        except OSError:
            pass
        line.close()
    expect("the handshake's deadline, in seconds", time.monotonic() - began < 25, True)
    deadline = time.monotonic() + 20
    while target.descriptors() > before + 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    expect("descriptors are given back", target.descriptors() <= before + 20, True)


@flood
def rapid_resets(target):
    """Requests taken back as soon as they are made (CVE-2023-44487)."""
    headers = request_headers()
    for files in callers(target):
        with Http2(target.rpc, files) as line:
            burst = b""
            for stream in range(1, 8001, 2):
                burst += frame(HEADERS, END_HEADERS, stream, headers) + frame(RST, 0, stream, struct.pack(">I", 8))
                if len(burst) > 60000:
                    if not line.send(burst):
                        break
                    burst = b""
            target.check()


@flood
def headers_that_never_end(target):
    """CONTINUATION without an end, huge fields, and integers that overflow (CVE-2023-33953)."""
    field = literal("x-" + "a" * 30, "b" * 4000)
    for files in callers(target):
        with Http2(target.rpc, files) as line:
            line.send(frame(HEADERS, 0, 1, request_headers()))
            for _ in range(3000):
                if not line.send(frame(CONTINUATION, 0, 1, field * 4)):
                    break
            target.check()
        for block in (b"\0" + b"\x7f" + b"\xff" * 9 + b"\x7f" + b"a", b"\0" + b"\x7f" + b"\x80" * 16000 + b"\1a", b"\x3f" + b"\xff" * 20,
                      b"\0" + number(1 << 30, 7) + b"a", b"\xff" * 100, b"\x80", b"\0\xff\xff\xff\xff\x0f" + b"\xfe" * 100):
            with Http2(target.rpc, files) as line:
                line.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
                line.read_some(0.2)


@case
def odd_headers(target):
    """With more than 8 kB of them (CVE-2023-1428: an abort of the process in versions of this library)."""
    big = [("x-filler", "y" * 9000)]
    many = [(f"x-{index}", "y" * 90) for index in range(2000)]
    odd = {
        "te": lambda more: request_headers(te="x", more=more),
        "scheme": lambda more: request_headers(scheme="ftp://x", more=more),
        "method": lambda more: literal(":method", "BREW") + request_headers(more=more),
        "grpclb": lambda more: request_headers(more=[*more, ("grpclb_client_stats", "x"), ("lb-cost-bin", "!!"), ("grpc-timeout", "zz")]),
        "encoding": lambda more: request_headers(more=[*more, ("grpc-encoding", "bomb"), ("grpc-accept-encoding", "," * 4000)]),
        "binary": lambda more: request_headers(more=[*more, ("x-bin", "\x00\xff not base64"), ("grpc-trace-bin", "=" * 999)]),
        "path": lambda more: request_headers(path="/../../etc/passwd\0%00", more=more),
        "length": lambda more: request_headers(more=[*more, ("content-length", "99999999999999999999")]),
        "names": lambda more: request_headers(more=[*more, ("", "x"), ("UPPER", "x"), ("a b", "x"), (":status", "200"), ("x", "\r\ny: z")]),
    }
    for files in callers(target):
        for make in odd.values():
            for more in ([], big, many):
                block = make(more)
                with Http2(target.rpc, files) as line:
                    line.send(frame(HEADERS, END_STREAM if len(block) > 16000 else END_STREAM | END_HEADERS, 1, block[:16000]))
                    for at in range(16000, len(block), 16000):
                        last = at + 16000 >= len(block)
                        line.send(frame(CONTINUATION, END_HEADERS if last else 0, 1, block[at:at + 16000]))
                    line.read_some(0.1)
            target.check()


@flood
def broken_frames(target):
    opened = frame(HEADERS, END_HEADERS, 1, request_headers())
    message = frame(0, 0, 1, b"\0" + struct.pack(">I", 0xFFFFFFFF) + b"x")
    for files in callers(target):
        for text in (frame(0, 0, 1, b"x"), frame(0, 0, 99, b"x" * 100), frame(HEADERS, END_HEADERS, 2, request_headers()),
                     frame(HEADERS, END_HEADERS, 0, b""), frame(SETTINGS, 0, 0, b"xx"), frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0xFFFFFFFF)),
                     frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 1)), frame(WINDOW, 0, 0, struct.pack(">I", 0)),
                     frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 3, frame(PING, 0, 0, b"x"), frame(GOAWAY, 0, 0, bytes(8)),
                     frame(RST, 0, 1, b""), frame(200, 0, 1, b"x" * 1000), frame(0, 0, 1, b"", length=0xFFFFFF), opened + message,
                     opened + frame(0, 1, 1, b"\1\0\0\0\5hello"), opened + frame(0, 1, 1, b"\7\0\0\0\0"), opened + opened,
                     frame(PING, 0, 0, bytes(8)) * 5000, frame(SETTINGS, 0, 0) * 5000, frame(CONTINUATION, 4, 1, b"x"), os.urandom(50000)):
            with Http2(target.rpc, files) as line:
                line.send(text)
                line.read_some(0.1)
    target.check()


@case
def slow_headers(target):
    """Halves of requests that wait: they hold nothing that others need."""
    lines = []
    for index in range(60):
        line = Http2(target.rpc, his_files(target) if index % 2 else None)
        block = request_headers()
        line.send(frame(HEADERS, END_HEADERS if index % 3 else 0, 1, block)[: 9 + index] if index % 3 == 1 else frame(HEADERS, END_HEADERS, 1, block))
        lines.append(line)
    target.check()
    for line in lines:
        line.socket.close()


def refusal(grpc, call):
    """The code that a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@case
def calls_that_break_the_contract(target):
    grpc = target.grpc
    codes = grpc.StatusCode
    list_orders = "/tongjian.orders.v1.OrderService/ListOrders"
    varint = lambda tag: bytes([tag << 3 | 2])  # noqa: E731
    nested = b""
    for _ in range(200):
        nested = varint(2) + length_prefixed(nested)
    bodies = {
        "5 MiB": (bytes(5 << 20), {codes.RESOURCE_EXHAUSTED}),
        "not a message": (b"\xff" * 100, None),
        "bytes that are no text": (varint(1) + length_prefixed(b"\xb2\xe2\xca\xd4"), None),
        "a field cut short": (varint(1) + b"\x7f", None),
        "three million unknown fields": (b"\xb8\x3e\x01" * 1000000, None),
        "200 levels of groups": (b"\xbb\x3e" * 200, None),
        "200 levels of messages": (nested, None),
    }
    for who in ("his", "nobody"):
        with target.channel(who, [("grpc.max_send_message_length", -1)]) as channel:
            if who == "nobody" and not target.is_hub:  # A gateway shakes hands with nobody who has no certificate.
                expect("a stranger at a gateway", refusal(grpc, lambda: channel.unary_unary(list_orders)(b"", timeout=20)), codes.UNAVAILABLE)
                continue
            for what, (body, wanted) in bodies.items():
                code = refusal(grpc, lambda: channel.unary_unary(list_orders)(body, timeout=20))
                if who == "nobody" or wanted:
                    if code not in (wanted or {codes.UNAUTHENTICATED, codes.INTERNAL, codes.INVALID_ARGUMENT, codes.RESOURCE_EXHAUSTED}):
                        raise Wrong(f"{what} from {who}: {code}")
            for metadata in ([("x-filler", "y" * 20000)], [(f"x-{index}", "y" * 100) for index in range(300)]):
                code = refusal(grpc, lambda: channel.unary_unary(list_orders)(b"", timeout=20, metadata=metadata))
                if code == codes.OK:
                    raise Wrong("20 kB of metadata are welcome")
            for path in ("/", "/x", "/../../etc/passwd", "/tongjian.orders.v1.OrderService/", "/tongjian.orders.v1.OrderService/" + "x" * 5000):
                code = refusal(grpc, lambda: channel.unary_unary(path)(b"", timeout=20))
                if code not in (codes.UNIMPLEMENTED, codes.RESOURCE_EXHAUSTED, codes.INTERNAL, codes.UNKNOWN, codes.UNAVAILABLE):
                    raise Wrong(f"method {path:.40}: {code}")
            for token in ("x", "a.b.c", "." * 3000, "eyJhbGciOiJub25lIn0.e30."):
                metadata = [("authorization", "Bearer " + token)]
                code = refusal(grpc, lambda: channel.unary_unary(list_orders)(b"", timeout=20, metadata=metadata))
                if code not in (codes.UNAUTHENTICATED, codes.RESOURCE_EXHAUSTED, codes.UNAVAILABLE):
                    raise Wrong(f"a forged token: {code}")


def length_prefixed(data):
    size, out = len(data), b""
    while size >= 128:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size]) + data


@case
def the_admin_port(target):
    """It is on loopback and without TLS; what comes there must not hurt either."""
    for text in (b"GET /../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0",
                 b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 1000000 + b"\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 10995116277760\r\n\r\nx",
                 b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nx", b"GET " + b"/a" * 50000 + b" HTTP/1.1\r\n\r\n",
                 b"\0" * 10000, os.urandom(10000), b"GET / HTTP/9.9\r\nRange: bytes=0-,0-,0-,0-\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", target.admin), timeout=20) as line:
            try:
                line.sendall(text)
                line.shutdown(socket.SHUT_WR)
                answer = b""
                while part := line.recv(65536):
                    answer += part
                expect("no file of the machine", b"root:" in answer, False)
            except OSError:
                pass
    crowd = [socket.create_connection(("127.0.0.1", target.admin), timeout=20) for _ in range(20)]
    for line in crowd:
        line.sendall(b"GET /metr")
    target.check()
    for line in crowd:
        line.close()
    deadline = time.monotonic() + 20
    while True:
        with socket.create_connection(("127.0.0.1", target.admin), timeout=20) as line:
            line.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if b" 200 " in line.recv(100):
                return
        if time.monotonic() > deadline:
            raise Wrong("metrics do not answer any more")
