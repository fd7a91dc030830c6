"""C-MOVE and C-GET of one CT study, beside storescu pushing the same files to the same receiver."""

import os
import time

from bench_storage import SIZES
from dicom_objects import ROOT, write_study
from harness import bench, environment, rates
from peers import NODELAY, Hub

STATION, STATION_PORT = "ZX_WS1", 11113  # As the sample community registers it.


def timed(stage, command):
    """Objects' seconds: the whole of a program's run."""
    os.sync()
    began = time.monotonic()
    stage.run(command, env=environment(NODELAY))
    return time.monotonic() - began


@bench("retrieve.study", "C-MOVE and C-GET of a CT study, one association, beside storescu to storescp; TCP_NODELAY=1 for all")
def study(stage):
    hub = Hub(stage, NODELAY)
    receiver = stage.start("receiver", ["storescp", "--ignore", "-aet", STATION, STATION_PORT], NODELAY)
    stage.wait_for_port(STATION_PORT, receiver)
    rounds, counts = (3, {"525k": 100, "36k": 300}) if stage.quick else (7, {"525k": 400, "36k": 1500})
    for number, (size, count) in enumerate(counts.items()):
        folder, uid = stage.path(f"study-{size}"), f"{ROOT}.77{number}"
        write_study(folder, uid, count, *SIZES[size])
        had = hub.stored()
        stage.run(["storescu", "--scan-directories", "-aec", hub.title, "127.0.0.1", hub.port, folder], env=environment(NODELAY))
        stage.wait_for("the study", lambda want=had + count: hub.stored() == want)
        named = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid}", "127.0.0.1", hub.port]
        pushed, moved, got = [], [], []
        for _ in range(rounds):
            pushed.append(count / timed(stage, ["storescu", "--scan-directories", "-aec", STATION, "127.0.0.1", STATION_PORT, folder]))
            moved.append(count / timed(stage, ["movescu", "-S", "-aet", STATION, "-aec", hub.title, "-aem", STATION, *named]))
            got.append(count / timed(stage, ["getscu", "-S", "-aet", STATION, "-aec", hub.title, "--ignore", *named]))
        yield rates(f"retrieve.{size}.move", "objects/s", moved, "storescu", pushed, floor=0.8)
        yield rates(f"retrieve.{size}.get", "objects/s", got, "storescu", pushed, floor=0.8)
