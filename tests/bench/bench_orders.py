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


def others(found):
    """The worst of the clinics that keep to their rate, in milliseconds: p50 and p99."""
    return tuple(max(found[clinic][key] for clinic in CLINICS[1:]) for key in ("p50_ms", "p99_ms"))


@bench("orders.fairness", "the other facilities' times while one orders at ten times its rate, and while it orders all it can")
def fairness(stage):
    hub = Hub(stage)
    each, seconds = 10, 6 if stage.quick else 15
    ways = {"calm": (4, each), "tenfold": (40, 10 * each), "flood": (60, 0)}
    times_of = {way: [] for way in ways}
    for _ in range(2 if stage.quick else 4):
        for way, (clients, rate) in ways.items():
            groups = [(CLINICS[0], clients, rate)] + [(clinic, 4, each) for clinic in CLINICS[1:]]
            times_of[way].append(others(load.orders(stage, hub.ports["rpc"], groups, seconds)))
    median = {way: [sorted(column)[len(column) // 2] for column in zip(*rows)] for way, rows in times_of.items()}
    yield Result("orders.fairness.p99", median["tenfold"][1] / median["calm"][1], "times", ceiling=3,
                 note=f"{each} orders a second of each of four facilities: p99 {median['calm'][1]:.1f} ms; one at {10 * each}: "
                      f"the others' p99 {median['tenfold'][1]:.1f} ms")
    yield Result("orders.fairness.flood.p50", median["flood"][0] / median["calm"][0], "times",
                 note=f"60 clients of one facility without a pause: the others' p50 {median['calm'][0]:.1f} and then "
                      f"{median['flood'][0]:.1f} ms, their p99 {median['flood'][1]:.1f} ms")
