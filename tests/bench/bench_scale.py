"""What grows with a county: a reading worklist of 100,000 tasks, a restart with 1,000,000 instances and 100,000 objects in the spool."""

import json
import os
import shutil
import sys
import time

import rows
from dicom_objects import write_study
from harness import REPOSITORY, Failed, bench, cpu_seconds, times
from peers import NODELAY, Gateway, Hub

CENTER = "fac-jinhua-zhongxin"


def contract(stage):
    """The contract's methods, called from Python with the stubs that protoc makes."""
    stage.run([REPOSITORY / "deploy" / "his" / "generate_stubs.sh", stage.path("stubs")])
    sys.path.insert(0, str(REPOSITORY / "tests" / "support"))
    import contract as module
    return module, module.Contract(stage.path("stubs"))


def send(stage, port, title, count, study):
    folder = stage.path(f"study-{study}")
    write_study(folder, f"1.2.826.0.1.3680043.10.9999.{study}", count, 64, 64)
    stage.run(["storescu", "-aec", title, "localhost", port, *sorted(folder.glob("*.dcm"))], env={**os.environ, **NODELAY})


def again(stage, process, label, command):
    """Starts a program that was stopped; how many seconds until it says that it serves, and until a device is answered."""
    began = time.monotonic()
    started = stage.start(label, command)

    def ready():
        lines = [line for line in stage.output(label).splitlines() if '"ready"' in line]
        return json.loads(lines[0]) if lines else None

    ports = stage.wait_for(f"{label} to serve again", ready, started, 120)
    stage.run(["echoscu", "localhost", ports["dicom"]])
    return started, ports, time.monotonic() - began


@bench("scale.tasks", "a page of the reading worklist at 100,000 tasks")
def tasks(stage):
    hub = Hub(stage)
    send(stage, hub.port, hub.title, 2, 1)
    study = stage.wait_for("the study", lambda: hub.as_person("center_head", "studies", "list").get("studies"))[0]
    hub.as_person("center_head", "studies", "complete", study["id"])
    stage.wait_for("the task", lambda: hub.as_person("center_head", "tasks", "list").get("tasks"))
    hub.stop()
    count = 100_000

    def spread(row, number):
        row["deadline"] += number * 1_000_000
        row["order_id"] = row["order_id"][:-8] + f"{number:08d}"

    rows.multiply(stage.path("hub", "db", "reading.db"), "task", ["id"], count, spread)
    process, ports, _ = again(stage, hub.process, "hub-again", [stage.tongjian, "serve", "--config", stage.path("hub.toml")])
    module, methods = contract(stage)
    channel = module.channel(f"localhost:{ports['rpc']}", stage.path("ca", "ca.pem"))
    token = module.bearer(stage.path("center_head.token").read_text(encoding="utf-8").strip())
    found = {}
    for what, request in (("first", {"page_size": 50}), ("center", {"page_size": 50, "center_id": "center-zhongxin-imaging"}),
                          ("next", None)):
        if request is None:
            request = {"page_size": 50, "page_token": found["first"]["next_page_token"]}
        took, burnt = [], cpu_seconds(process.pid)
        for _ in range(30 if stage.quick else 200):
            began = time.monotonic()
            answer = methods.call(channel, "TaskService/ListTasks", request, token)
            took.append((time.monotonic() - began) * 1000)
            if answer.code != "OK" or len(answer.first["tasks"]) != 50:
                raise Failed(f"a page of tasks: {answer.code} {answer.text}")
        found[what] = answer.first
        burnt = (cpu_seconds(process.pid) - burnt) * 1000 / len(took)
        yield times(f"scale.tasks.{what}-page", "ms", took, ceiling=10,
                    note=f"50 tasks, seen by a client in Python, whose own part is a millisecond or two; {burnt:.1f} ms of the "
                         "hub's processor")
    stage.stop(process)


@bench("scale.restart", "from start to serving with 1,000,000 instances at the hub and 100,000 in a gateway's spool")
def restart(stage):
    hub = Hub(stage)
    gateway = Gateway(stage, hub)
    send(stage, hub.port, hub.title, 1, 1)
    stage.wait_for("the instance", lambda: hub.stored() == 1)
    hub.stop()
    send(stage, gateway.port, gateway.title, 1, 2)
    stage.stop(gateway.process)
    instances, spooled = (200_000, 20_000) if stage.quick else (1_000_000, 100_000)
    rows.multiply(stage.path("hub", "db", "imaging.db"), "instance", ["sop_instance_uid", "locator"], instances)
    folder = stage.path("fac-bailongqiao")

    def numbered(row, number):
        row["sequence"] += number + 1

    before = rows.only(folder / "db" / "edge.db", "spool", "locator")
    rows.multiply(folder / "db" / "edge.db", "spool", ["id", "sop_instance_uid", "locator"], spooled, numbered)
    copies(folder, before, spooled)
    _, _, took = again(stage, hub.process, "hub-again", [stage.tongjian, "serve", "--config", stage.path("hub.toml")])
    yield times("scale.restart.hub", "s", [took], ceiling=30, note=f"{instances:,} instances")
    _, _, took = again(stage, gateway.process, "gateway-again", [stage.tongjian, "edge", "--config", stage.path("fac-bailongqiao.toml")])
    yield times("scale.restart.gateway", "s", [took], ceiling=30, note=f"{spooled:,} objects in the spool, each a file")


def copies(folder, locator, count):
    """The spooled object's file under each of the names that `rows.multiply` gave its locator."""
    objects = folder / "blobs" / "edge" / "objects"
    tail = locator.split("/", 1)[1]
    first = objects / tail
    if not first.exists():
        raise Failed(f"the spooled object is not at {first}")
    for number in range(count):
        shutil.copyfile(first, objects / (tail[:-8] + f"{number:08d}"))
