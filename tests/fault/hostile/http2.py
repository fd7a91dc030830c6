"""HTTP/2 frames by hand, over TLS: what a gRPC client would never send."""

import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits, first=0):
    """An HPACK integer."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def literal(name, value):
    """A header field without indexing."""
    name, value = (text.encode("latin-1") if isinstance(text, str) else text for text in (name, value))
    return b"\0" + number(len(name), 7) + name + number(len(value), 7) + value


def request_headers(path="/grpc.health.v1.Health/Check", more=(), scheme="https", te="trailers"):
    fields = [(":method", "POST"), (":scheme", scheme), (":path", path), (":authority", "localhost"), ("te", te),
              ("content-type", "application/grpc"), *more]
    return b"".join(literal(name, value) for name, value in fields)


class Http2:
    """A connection past its TLS handshake. Without `key` and certificate it is nobody's."""

    def __init__(self, port, files=None, patience=20, protocol="h2", greet=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # It attacks; it does not need to trust.
        context.set_alpn_protocols([protocol])
        if files:
            context.load_cert_chain(*files)
        bare = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket = context.wrap_socket(bare)
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def read_some(self, seconds):
        """What has come within `seconds`; b"" at the end of the connection, None when nothing came."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def ended(self, seconds):
        """Whether the other side ends the connection within about `seconds`."""
        for _ in range(10000):
            data = self.read_some(seconds)
            if data is None:
                return False
            if data == b"":
                return True
        return False
