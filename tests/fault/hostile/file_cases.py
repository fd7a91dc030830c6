"""Every file the collection marks BROKEN, each in four ways: as itself, under another UID, in another syntax, and whole, preamble included."""

import os
import pathlib
import re

import peer
from case import Wrong
from peer import CT, DEFLATED, EXPLICIT, IMPLICIT, JPEG, Peer

# What must not be stored under its own UIDs, and what must be. The rest may be either: it only must not hurt.
NEVER = ("uid_*", "nest_01000*", "deflate_bomb*", "gzip_bomb*", "truncated_*", "empty.dcm", "empty_study*", "no_sop*", "not_dicom*",
         "encap_item_len*", "2026-05-06-Deeply*", "dwv-test_bad.zip", "rtplan_truncated*")
ALWAYS = ("nest_00010*", "nest_00063*", "preamble_*", "undeclared_gbk*", "iso100_but_gbk*", "pid_injection*", "html_xss*", "same_sop_*",
          "study_uid_other*", "Image*", "frames_2e31*", "odd_length*")


def broken_files():
    """(path) of each file of the collection's list; None where there is no collection."""
    named = os.environ.get("TONGJIAN_TEST_DATA")
    root = pathlib.Path(named) if named else pathlib.Path(__file__).resolve().parents[4] / "shared" / "data"
    listing = root / "dicom" / "SOURCES.md"
    if not listing.is_file():
        return None
    files, folder = [], ""
    for line in listing.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].split(" ")[0]
            folder = name.replace("/", "_") if "/" in name else name
        if line.startswith("|") and "**BROKEN**" in line:
            files.append(root / "dicom" / folder / line.split("|")[1].strip())
    return files


def matches(name, patterns):
    return any(pathlib.PurePath(name).match(pattern) for pattern in patterns)


def send(target, data, syntax, sop_class, instance):
    """The status, or how the association ended."""
    if not re.fullmatch(rb"[0-9.]{1,64}", sop_class):
        context_class = CT
    else:
        context_class = sop_class.decode()
    with Peer(target.dicom) as device:
        try:
            accepted = device.associate([(1, peer.VERIFICATION, [IMPLICIT]), (3, context_class, [syntax])], calling="BLQ_CR1")
            if 3 not in accepted:
                device.release()
                return "context refused"
            status = device.store(3, data, sop_class, instance)
            device.release()
            return status
        except peer.Ended as end:
            return str(end)


def send_file(target, path):
    """Sends it in all ways; what became of each."""
    data = path.read_bytes()
    syntax, sop_class, instance, rest = peer.split_file(data)
    outcomes = {"itself": send(target, rest, syntax, sop_class, instance)}
    target.check()
    if outcomes["itself"] == 0 and matches(path.name, NEVER):
        raise Wrong(f"{path.name} was stored")
    if outcomes["itself"] != 0 and matches(path.name, ALWAYS):
        raise Wrong(f"{path.name} was refused: {outcomes['itself']}")
    outcomes["another UID"] = send(target, rest, syntax, CT.encode(), b"1.2.3.99")
    if outcomes["another UID"] == 0:
        raise Wrong(f"{path.name} was stored under a UID that is not its own")
    for other in (EXPLICIT, IMPLICIT, DEFLATED, JPEG):
        if other != syntax:
            outcomes[other] = send(target, rest, other, sop_class, instance)
    outcomes["whole"] = send(target, data, syntax, sop_class or CT.encode(), instance or b"1.2.3.98")
    target.check()
    return outcomes
