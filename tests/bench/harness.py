"""What every bench is written with: the register, processes that end with the run, results, and small measures."""

import dataclasses
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import time
import typing

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A bench could not measure what it is for."""


@dataclasses.dataclass
class Result:
    """One figure. `ratio` is ours to the peer's, so that more is better; `floor` is what the ratio must reach, `ceiling` what the
    value may not exceed. Low and high are the extremes of the rounds, the value their median."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    peer_low: float | None = None
    peer_high: float | None = None
    ratio: float | None = None
    floor: float | None = None
    ceiling: float | None = None
    note: str | None = None

    def holds(self):
        """None where nothing is demanded."""
        if self.floor is not None:
            return self.ratio >= self.floor
        if self.ceiling is not None:
            return self.value <= self.ceiling
        return None

    def line(self):
        present = {key: value for key, value in dataclasses.asdict(self).items() if value is not None}
        return json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in present.items()})


def rates(name, unit, ours, peer=None, theirs=(), floor=None, note=None):
    """The result of alternating rounds in which more is better: medians, and the ratio of the medians."""
    result = Result(name, statistics.median(ours), unit, min(ours), max(ours), floor=floor, note=note)
    if peer:
        result.peer, result.peer_value = peer, statistics.median(theirs)
        result.peer_low, result.peer_high = min(theirs), max(theirs)
        result.ratio = result.value / result.peer_value
    return result


def times(name, unit, ours, peer=None, theirs=(), floor=None, ceiling=None, note=None):
    """The same where less is better: the ratio is the peer's median to ours."""
    result = rates(name, unit, ours, peer, theirs, floor, note)
    result.ceiling = ceiling
    if peer:
        result.ratio = result.peer_value / result.value
    return result


@dataclasses.dataclass
class Bench:
    name: str
    title: str
    run: typing.Callable


BENCHES: list[Bench] = []


def bench(name, title):
    """Registers a function that takes a Stage and returns (or yields) Results."""

    def register(function):
        BENCHES.append(Bench(name, title, function))
        return function

    return register


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Stage:
    """What a bench works with: a directory of its own, processes that are stopped with it, the program, and how long it may take."""

    def __init__(self, tongjian, directory, quick):
        self.tongjian = str(tongjian)
        self.directory = pathlib.Path(directory)
        self.quick = quick
        self.processes = []

    def path(self, *parts):
        return self.directory.joinpath(*parts)

    def folder(self, *parts):
        made = self.path(*parts)
        made.mkdir(parents=True, exist_ok=True)
        return made

    def say(self, text):
        print("   ", text, flush=True)

    def run(self, command, **options):
        """Runs a command to its end and returns what it printed."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300, **options)
        if done.returncode != 0:
            raise Failed(f"{' '.join(map(str, command[:3]))} ...: {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout

    def start(self, name, command, env=None):
        """Starts a process that lives until `stop` or the end of the bench. Its output goes to <name>.out and <name>.log."""
        with open(self.path(f"{name}.out"), "w", encoding="utf-8") as out, open(self.path(f"{name}.log"), "w", encoding="utf-8") as log:
            process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=log, env=environment(env),
                                       stdin=subprocess.DEVNULL)
        process.label = name
        self.processes.append(process)
        return process

    def output(self, name):
        return self.path(f"{name}.out").read_text(encoding="utf-8")

    def wait_for(self, what, probe, process=None, seconds=60):
        """Asks `probe` until it answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = probe()
            if found:
                return found
            if process is not None and process.poll() is not None:
                tail = self.path(f"{process.label}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                raise Failed(f"{process.label} ended while it was waited for: {' / '.join(tail)}")
            time.sleep(0.02)
        raise Failed(f"waited {seconds} s for {what}")

    def wait_for_port(self, port, process):
        def probe():
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        self.wait_for(f"port {port}", probe, process)

    def stop(self, process=None):
        """Stops one process, or all that are left, the last started first."""
        for each in [process] if process else list(reversed(self.processes)):
            if each.poll() is None:
                each.send_signal(signal.SIGTERM)
            try:
                each.wait(30)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
            self.processes.remove(each)


def environment(extra=None):
    """Ours without what would change a DCMTK program's sockets, and with `extra`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TCP_")}
    return {**kept, **(extra or {})}


def cpu_seconds(pid):
    """Processor time of a process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid, key="VmRSS"):
    """What a process has in memory now, or at most had (VmHWM)."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise Failed(f"no {key} of process {pid}")
