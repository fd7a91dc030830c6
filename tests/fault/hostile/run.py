#!/usr/bin/python3
"""Sends a running hub and a running gateway what no honest peer sends, and asks both after each time whether they are well.

A case is passed when the outcome is the one it names, and afterwards the process is the same one, answers C-ECHO and the gRPC
health check, and has not grown by more than 64 MiB (128 MiB by all cases together; 256 MiB by one flood of HTTP/2 frames).
In the end nothing may lie outside the state folders, no name of a peer's may be a file's, and no value of a peer's may stand in
a log.

  tests/fault/hostile/run.py --tongjian build/ci/services/tongjian/tongjian --directory build/ci/hostile [--only WORD]
"""

import argparse
import collections
import os
import pathlib
import resource
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import association_cases  # noqa: F401,E402  (each file adds its cases)
import object_cases  # noqa: F401,E402
import rpc_cases  # noqa: F401,E402
import upload_cases  # noqa: F401,E402
import file_cases  # noqa: E402
from case import CASES, Wrong, expect  # noqa: E402
from target import Failed, Stage, Unwell, set_up  # noqa: E402

FORGED_NAMES = ("pwn", "VICTIM", "..")
PEERS_WORDS = (b"drop table", b"<script>", b"jndi", b"tongjian-pwn", b"WANG^WU", b"|666")


def crafted(targets, only):
    for test in CASES:
        if only not in test.__name__:
            continue
        for target in targets:
            began = time.monotonic()
            try:
                target.play(test)
                for each in targets:
                    each.check()
            except Exception as error:
                raise Wrong(f"{test.__name__} at {target.name}: {type(error).__name__}: {error}") from error
            print(f"  {time.monotonic() - began:6.2f} s  {target.growth_kb():6} kB  {target.name:16} {test.__name__}", flush=True)


def collected(targets):
    files = file_cases.broken_files()
    if files is None:
        print("  SKIPPED: no collection of broken files here (TONGJIAN_TEST_DATA); the crafted cases ran")
        return
    tally = collections.Counter()
    for path in files:
        for target in targets:
            try:
                for way, outcome in file_cases.send_file(target, path).items():
                    tally[f"{'itself' if way == 'itself' else 'changed'}: {outcome if isinstance(outcome, str) else f'{outcome:04X}'}"] += 1
            except Exception as error:
                raise Wrong(f"{path.name} at {target.name}: {type(error).__name__}: {error}") from error
    print(f"  {len(files)} broken files: " + ", ".join(f"{outcome} {count}" for outcome, count in sorted(tally.items())))


def left_behind(stage, targets):
    """Nothing of a peer's may have become a name or a log's line."""
    for folder, _, names in os.walk(stage.directory):
        for name in names:
            expect(f"a name of a peer's in {folder}", [word for word in FORGED_NAMES if word in name], [])
    for place in ("/tmp/tongjian-pwn", "/etc/tongjian-pwn", "/etc/x"):
        expect(place, os.path.exists(place), False)
    for target in targets:
        log = target.read(f"{target.name}.log")
        expect(f"peers' words in the log of {target.name}", [word for word in PEERS_WORDS if word in log], [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True, help="the program")
    parser.add_argument("--directory", required=True, help="for state and logs; emptied first")
    parser.add_argument("--only", default="", help="only crafted cases whose name has this word")
    arguments = parser.parse_args()
    if shutil.which("grpc_python_plugin") is None:
        print("SKIPPED: grpc_python_plugin is not installed")
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    began = time.monotonic()
    stage = Stage(arguments.tongjian, arguments.directory)
    try:
        targets = set_up(stage)
        for target in targets:
            for _ in range(20):  # Threads, caches and pools are there before memory is measured.
                target.check()
            target.baseline = target.resident_kb()
        crafted(targets, arguments.only)
        if not arguments.only:
            collected(targets)
        left_behind(stage, targets)
        for target in targets:
            target.check()
            print(f"  {target.name}: the same process, {target.growth_kb()} kB more ({target.flooded_kb} at most of one flood), {target.descriptors()} descriptors, "
                  f"slowest check {target.slowest:.2f} s")
        print(f"hostile input cost no process anything, {time.monotonic() - began:.0f} s")
        return 0
    except (Wrong, Unwell, Failed) as failure:
        print(f"FAILED: {failure}\nlogs: {stage.directory}/*.log", file=sys.stderr)
        return 1
    finally:
        stage.stop()


if __name__ == "__main__":
    sys.exit(main())
