"""A TCP line on loopback between a gateway and its hub that is slow, late, silent or broken when told so."""

import queue
import socket
import threading
import time

READ = 8192
QUEUED = 16  # Reads that are on their way in one direction of one connection.


class Pipe:
    """One direction of one connection."""

    def __init__(self, line, source, sink, up):
        self.line, self.source, self.sink, self.up = line, source, sink, up
        self.on_the_way = queue.Queue(QUEUED)
        self.dead = False  # Carries nothing any more, and nobody is told.
        for work in (self.read, self.write):
            threading.Thread(target=work, daemon=True).start()

    def read(self):
        try:
            while data := self.source.recv(READ):
                self.line.pace(len(data), self.up)
                self.on_the_way.put((time.monotonic() + self.line.delay, data))
        except OSError:
            pass
        self.on_the_way.put((0, b""))

    def write(self):
        while True:
            due, data = self.on_the_way.get()
            time.sleep(max(0, due - time.monotonic()))
            self.line.flowing.wait()
            if self.dead:
                continue
            if not data:
                break
            try:
                self.sink.sendall(data)
            except OSError:
                break
            self.line.count(len(data), self.up)
        for end in (self.source, self.sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Line:
    """All connections share `rate` bytes a second toward the hub (None: no limit); both ways are `delay` s late."""

    def __init__(self, target):
        self.target = target
        self.rate = None
        self.delay = 0.0
        self.carried_up = 0  # Bytes that reached the hub.
        self.connections = 0
        self.flowing = threading.Event()
        self.flowing.set()
        self.lock = threading.Lock()
        self.free_at = 0.0
        self.is_cut = False
        self.pipes = []
        self.listener = socket.socket()
        # A line does not hold a megabyte: accepted sockets inherit the small buffer.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.is_cut:
                    raise OSError("cut")
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.pipes += [Pipe(self, near, far, True), Pipe(self, far, near, False)]

    def pace(self, size, up):
        """Waits until the line has room for so many bytes."""
        with self.lock:
            if not up or self.rate is None:
                return
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            until = self.free_at
        time.sleep(max(0, until - time.monotonic()))

    def count(self, size, up):
        with self.lock:
            self.carried_up += size if up else 0

    # Faults.

    def cut(self):
        """Closes what is open and refuses what comes."""
        self.is_cut = True
        self.end_all()

    def mend(self):
        self.is_cut = False

    def stall(self):
        """Nothing moves in either way, and nobody is told."""
        self.flowing.clear()

    def flow(self):
        self.flowing.set()

    def half_open(self):
        """The connections that are there carry nothing any more, for ever, and nobody is told; new ones work."""
        with self.lock:
            for pipe in self.pipes:
                pipe.dead = True
            self.pipes = []

    def end_all(self):
        with self.lock:
            pipes, self.pipes = self.pipes, []
        for pipe in pipes:
            for end in (pipe.source, pipe.sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.flow()
        self.cut()
        self.listener.close()
