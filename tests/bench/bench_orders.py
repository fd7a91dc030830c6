"""Orders over gRPC: how many a second are durable, and whether one facility's flood holds up the others."""

import load
from harness import Result, bench, rates, times
from peers import Hub

CLINICS = ("fac-bailongqiao", "fac-tangxi", "fac-ruoyang", "fac-jiangtang")


@bench("orders.create", "orders created, durable, by 16 clients over mutual TLS, beside a bare gRPC echo")
def create(stage):
    hub = Hub(stage)
    echo = load.Echo(stage)
    seconds, rounds = (3, 3) if stage.quick else (8, 5)
    ours, theirs, slow, bare = [], [], [], []
    for number in range(rounds):
        turns = [(hub.ports["rpc"], ours, slow), (echo.port, theirs, bare)]
        for port, rate, late in turns if number % 2 == 0 else reversed(turns):
            found = load.orders(stage, port, [(CLINICS[0], 16, 0)], seconds)[CLINICS[0]]
            rate.append(found["a_second"])
            late.append(found["p99_ms"])
    yield rates("orders.create", "a second", ours, "echo", theirs, floor=0.5,
                note="the echo answers the order it got: no check, no record, no audit, no event, nothing synced")
    yield times("orders.create.p99", "ms", slow, "echo", bare)


@bench("orders.fairness", "the other facilities' p99 while one orders at ten times its rate")
def fairness(stage):
    hub = Hub(stage)
    each, seconds = 10, 6 if stage.quick else 15
    quiet, flooded = [], []
    for _ in range(2 if stage.quick else 4):
        for many, into in ((1, quiet), (10, flooded)):
            groups = [(CLINICS[0], 4 * many, each * many)] + [(clinic, 4, each) for clinic in CLINICS[1:]]
            found = load.orders(stage, hub.ports["rpc"], groups, seconds)
            into.append(max(found[clinic]["p99_ms"] for clinic in CLINICS[1:]))
    calm, busy = sorted(quiet)[len(quiet) // 2], sorted(flooded)[len(flooded) // 2]
    yield Result("orders.fairness.p99", busy / calm, "times", ceiling=3,
                 note=f"{each} orders a second of each of four facilities: p99 {calm:.1f} ms; one at {10 * each}: "
                      f"the others' p99 {busy:.1f} ms")
