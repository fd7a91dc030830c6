"""The clients in C++ (tests/bench/load): found beside the program under measure."""

import json
import os
import pathlib

from harness import Failed


def binary():
    named = os.environ.get("TONGJIAN_BENCH_LOAD")
    path = pathlib.Path(named) if named else (
        pathlib.Path(os.environ["TONGJIAN_BINARY"]).resolve().parents[2] / "tests" / "bench" / "load" / "bench_load")
    if not path.exists():
        raise Failed(f"no {path}: build the target bench_load, or name it in TONGJIAN_BENCH_LOAD")
    return path


def certificate(stage, role, facility, names=""):
    """A machine's certificate from the hub's authority; the path to which .pem and .key are added."""
    path = stage.path(f"{role}-{facility}")
    if not path.with_suffix(".pem").exists():
        stage.run([stage.tongjian, "ca", "issue", "--directory", stage.path("ca"), "--role", role, "--facility", facility,
                   "--out", path, *(["--names", names] if names else [])])
    return path


def orders(stage, port, groups, seconds, count=None):
    """Creates orders at a server and returns {facility: {a_second, failed, p50_ms, p99_ms}}.

    `groups`: (facility, clients, orders a second of all of them or 0 for as many as go).
    """
    words = [binary(), "orders", "--address", f"localhost:{port}", "--ca", stage.path("ca", "ca.pem"), "--seconds", seconds]
    for facility, clients, rate in groups:
        words += ["--group", f"{certificate(stage, 'his', facility)},{facility},{clients},{rate}"]
    return json.loads(stage.run(words + (["--count", count] if count else [])))


class Echo:
    """A bare gRPC server over mutual TLS that answers CreateOrder with what it got."""

    def __init__(self, stage):
        files = certificate(stage, "hub", "bench", "localhost,127.0.0.1")
        self.stage = stage
        self.process = stage.start("echo", [binary(), "echo", "--files", files, "--ca", stage.path("ca", "ca.pem")])
        self.port = stage.wait_for("the echo", self.ready, self.process)

    def ready(self):
        lines = self.stage.output("echo").splitlines()
        return json.loads(lines[0])["rpc"] if lines else None
