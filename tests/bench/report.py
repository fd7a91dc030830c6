"""Says and writes what was found: sentences, the table, the plot, RESULTS.md."""

import os
import pathlib
import platform
import subprocess
import time

import plot


def number(value):
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(low, high):
    return f" ({number(low)}–{number(high)})" if low is not None and low != high else ""


def demand(result):
    if result.floor is not None:
        return f"≥ {number(result.floor)}"
    return f"≤ {number(result.ceiling)} {result.unit}" if result.ceiling is not None else ""


def verdict(result):
    return {None: "", True: "holds", False: "FALLS SHORT"}[result.holds()]


def sentence(result):
    text = f"{result.name}: {number(result.value)}{spread(result.low, result.high)} {result.unit}"
    if result.peer:
        text += f"; {result.peer} {number(result.peer_value)}{spread(result.peer_low, result.peer_high)}; ratio {number(result.ratio)}"
    if demand(result):
        text += f", demanded {demand(result)}: {verdict(result)}"
    return text + (f" ({result.note})" if result.note else "")


def table(results):
    lines = ["| measure | ours: median (min–max) | unit | peer | peer's median (min–max) | ratio | demanded | |",
             "|---|---|---|---|---|---|---|---|"]
    for result in results:
        lines.append(f"| {result.name} | {number(result.value)}{spread(result.low, result.high)} | {result.unit} | {result.peer or ''} "
                     f"| {number(result.peer_value)}{spread(result.peer_low, result.peer_high)} | {number(result.ratio)} "
                     f"| {demand(result)} | {verdict(result)} |")
    return "\n".join(lines)


def machine():
    """What it ran on, as far as it matters."""
    model = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")), platform.machine())
    versions = [subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}", name], capture_output=True, text=True,
                               check=False).stdout for name in ("dcmtk", "orthanc")]
    return (f"{os.cpu_count()} processors ({model}), Linux {platform.release()}, load before the run {START_LOAD:.1f}; "
            f"peers: {', '.join(version for version in versions if version)}")


START_LOAD = os.getloadavg()[0]


def write(folder, found):
    """Writes RESULTS.md and results.svg. The part of RESULTS.md below its line "## What limits" is a person's, and kept."""
    results = [result for _, of_bench in found for result in of_bench or []]
    path = folder / "RESULTS.md"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = old[old.index("## What limits"):] if "## What limits" in old else "## What limits\n"
    titles = "\n".join(f"- **{bench.name}**: {bench.title}" + ("" if of_bench is not None else " — **failed, no figures**")
                       for bench, of_bench in found)
    path.write_text(f"""# Results

Written by `tests/bench/run.sh` on {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}. {machine()}.
Ratios are ours to the peer's, measured in the same run; how is told in [README.md](README.md).

![ratios to the peers](results.svg)

{table(results)}

{titles}

{kept}""", encoding="utf-8")
    (folder / "results.svg").write_text(plot.ratios(results), encoding="utf-8")
