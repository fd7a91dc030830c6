#!/usr/bin/python3
"""Runs the benches and says what they found: tests/bench/README.md tells how to read it. Started by run.sh."""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import time

import harness
import report

HERE = pathlib.Path(__file__).resolve().parent


def load():
    """Every bench_*.py registers its benches."""
    for path in sorted(HERE.glob("bench_*.py")):
        __import__(path.stem)
    return harness.BENCHES


def run_one(bench, arguments, lines):
    """Runs one bench in a directory of its own, which goes with it. Returns its results, or None when it failed."""
    print(f"\n== {bench.name}: {bench.title}", flush=True)
    directory = tempfile.mkdtemp(prefix="tongjian-bench-", dir=arguments.directory)
    stage = harness.Stage(os.environ["TONGJIAN_BINARY"], directory, arguments.quick)
    began = time.monotonic()
    results = []
    try:
        for result in bench.run(stage):
            results.append(result)
            print("    " + report.sentence(result), flush=True)
            if lines:
                print(result.line(), file=lines, flush=True)
    except (harness.Failed, OSError) as failure:
        print(f"    FAILED: {failure}", file=sys.stderr, flush=True)
        return None
    finally:
        stage.stop()
        if not arguments.keep:
            shutil.rmtree(directory)
    print(f"    took {time.monotonic() - began:.0f} s", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under five minutes, more noise")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object a line, as they come")
    parser.add_argument("--only", metavar="TEXT", default="", help="only benches whose name contains TEXT")
    parser.add_argument("--list", action="store_true", help="name the benches and end")
    parser.add_argument("--directory", help="where to put what is sent and stored (default: the system's temporary directory)")
    parser.add_argument("--keep", action="store_true", help="leave the directories of the run for a look")
    arguments = parser.parse_args()

    chosen = [bench for bench in load() if arguments.only in bench.name]
    if arguments.list:
        for bench in chosen:
            print(f"{bench.name:24} {bench.title}")
        return 0
    lines = open(arguments.json, "w", encoding="utf-8") if arguments.json else None
    found = [(bench, run_one(bench, arguments, lines)) for bench in chosen]
    if lines:
        lines.close()
    print("\n" + report.table([result for _, results in found for result in results or []]))
    if not arguments.quick and not arguments.only:
        report.write(HERE, found)
        print(f"\nwritten: {HERE / 'RESULTS.md'} and its plot")
    return 1 if any(results is None for _, results in found) else 0


if __name__ == "__main__":
    sys.exit(main())
