"""Four devices push CT slices at the same time: how many a second are stored, beside storescp and Orthanc.

Each round every peer gets the same objects, which it has never seen, from four storescu processes, one study each; the peers take
turns at being first. A rate is objects over the time from the start of the senders to the end of the last: program start,
negotiation and reading from the page cache included, equally for all. Disks are synced before each turn, so that one peer's
unwritten files do not slow the next. Afterwards every peer is asked how many objects it has.
"""

import os
import resource
import shutil
import subprocess
import time

from dicom_objects import ROOT, write_study
from harness import bench, environment, rates
from peers import NODELAY, Hub, Orthanc, Storescp, require

ASSOCIATIONS = 4
SIZES = {"525k": (512, 512), "36k": (132, 134)}


def make_objects(stage, size, round_number, each):
    """Four fresh studies. Returns their folder."""
    folder = stage.path(f"objects-{size}-{round_number}")
    for association in range(ASSOCIATIONS):
        study = f"{ROOT}.{1000 + round_number}.{100 + association}{sum(SIZES[size])}"
        write_study(folder / str(association), study, each, *SIZES[size])
    return folder


def send(peer, folder, env):
    """Sends all of it and returns (seconds, processor seconds of the senders, of the peer)."""
    os.sync()
    before = peer.cpu()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    senders = [subprocess.Popen(["storescu", "--scan-directories", "-aet", f"BENCH{number}", "-aec", peer.title, "127.0.0.1",
                                 str(peer.port), str(folder / str(number))], env=environment(env), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE) for number in range(ASSOCIATIONS)]
    for sender in senders:
        _, errors = sender.communicate(timeout=300)
        require(sender.returncode == 0 and not errors, f"storescu to {peer.name}: {errors.decode(errors='replace')[-300:]}")
    took = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, peer.cpu() - before


def compare(stage, size, peers, env, rounds, each, first_round):
    """Rounds of all peers in turn. Returns {peer: [rate]} and says what the processor was used for."""
    total = ASSOCIATIONS * each
    found = {peer.name: [] for peer in peers}
    costs = {peer.name: [] for peer in peers}
    for number in range(rounds):
        folder = make_objects(stage, size, first_round + number, each)
        for peer in peers[number % len(peers):] + peers[:number % len(peers)]:
            had = peer.stored()
            took, by_senders, by_peer = send(peer, folder, env)
            stage.wait_for(f"{peer.name} to have all", lambda p=peer, h=had: p.stored() == h + total, seconds=10)
            found[peer.name].append(total / took)
            costs[peer.name].append((by_senders / total * 1000, by_peer / total * 1000, took))
        shutil.rmtree(folder)
    for name, of_rounds in costs.items():
        middle = sorted(of_rounds)[len(of_rounds) // 2]
        stage.say(f"{size} to {name}: {sorted(found[name])[rounds // 2]:.0f}/s; processor per object: sender {middle[0]:.2f} ms, "
                  f"{name} {middle[1]:.2f} ms")
    return found


def storage(stage, env, kind, plan):
    """`plan`: {size: (rounds, objects of each association)}."""
    peers = [Hub(stage, env), Storescp(stage, env), Orthanc(stage, env)]
    first_round = 0
    for size, (rounds, each) in plan.items():
        found = compare(stage, size, peers, env, rounds, each, first_round)
        first_round += rounds
        demanded = {"storescp": 1.0} if kind == "nodelay" else {"orthanc": 10.0}
        for peer in ("storescp", "orthanc"):
            yield rates(f"storage.{size}.{kind}.{peer}", "objects/s", found["hub"], peer, found[peer], demanded.get(peer))


@bench("storage.nodelay", "C-STORE, 4 associations, TCP_NODELAY=1 for senders and servers")
def storage_nodelay(stage):
    plan = {"525k": (3, 60), "36k": (3, 300)} if stage.quick else {"525k": (7, 100), "36k": (7, 500)}
    yield from storage(stage, NODELAY, "nodelay", plan)


@bench("storage.defaults", "C-STORE, 4 associations, senders and servers as shipped")
def storage_defaults(stage):
    plan = {"525k": (2, 50), "36k": (2, 50)} if stage.quick else {"525k": (3, 150), "36k": (3, 150)}
    yield from storage(stage, {}, "defaults", plan)
