#!/usr/bin/python3
"""Plays the main job on this machine with real processes and real images, and prints each step with its time.

Hub and gateways are `tongjian` processes, the device is DCMTK's findscu and storescu, the HIS is deploy/his/his_client.py,
people are `tongjian ctl`. Used by deploy/try.sh and by the end-to-end test.
"""

import argparse
import json
import pathlib
import signal
import sys
import time

from stage import CLINIC, HUB_FACILITY, ITEM, OTHER, PERSON, Failed, Stage


def who(record):
    """Who did it in the end: a gateway or service that acted for somebody is that somebody."""
    actor = record.get("actor", {})
    while "on_behalf_of" in actor:
        actor = actor["on_behalf_of"]
    name = (actor.get("roles") or [actor.get("service") or actor.get("machine_role", "")])[0]
    return f"{name} of {actor.get('facility_id', '')}"


def print_trail(entries):
    """One line for each deed; the same one again and again is counted."""
    lines = []
    for entry in entries:
        record = entry["record"]
        deed = f"{record['method'].split('/')[-1]:<20} {who(record)}"
        if lines and lines[-1][1] == deed:
            lines[-1][2] += 1
        else:
            lines.append([entry["sequence"], deed, 1])
    for sequence, deed, times in lines:
        print(f"             {sequence:>5}  {deed}" + (f" (and {times - 1} more)" if times > 1 else ""))


class Play:
    """The steps, in order. Each prints what happened and how long it took."""

    def __init__(self, stage, quiet):
        self.stage = stage
        self.quiet = quiet
        self.times = []

    def step(self, title, work):
        began = time.monotonic()
        detail = work()
        took = time.monotonic() - began
        self.times.append({"step": title, "seconds": round(took, 3)})
        if not self.quiet:
            print(f"  {took:7.3f} s  {title}" + (f": {detail}" if detail else ""), flush=True)

    # Setting up.

    def hub(self):
        self.stage.hub()
        return f"gRPC on port {self.stage.ports['hub']['rpc']}"

    def people(self):
        self.stage.person("reader", "reader", "prac-zhongxin-reader-1")
        self.stage.person("auditor", "auditor")
        return "operator, reader, auditor"

    def gateway(self, clinic):
        self.stage.gateway(clinic)
        return f"DICOM on port {self.stage.ports[clinic['facility']]['dicom']}"

    # The main job.

    def asked_first(self):
        answer = self.stage.his(CLINIC, "recognize", "--facility", CLINIC["facility"], "--patient", "1001", *PERSON,
                                "--item", ITEM, "--doctor", "李医生", "--encounter", "visit-0")
        verdict = answer["verdicts"][0]["verdict"]
        if verdict != "VERDICT_NO_PRIOR":
            raise Failed(f"nobody was examined yet, but the verdict is {verdict}")
        return "no prior result"

    def order(self):
        self.ordered = self.stage.his(CLINIC, "order", "--facility", CLINIC["facility"], "--patient", "1001", *PERSON,
                                      "--item", ITEM, "--doctor", "李医生", "--question", "颈痛两周，右上肢麻木",
                                      "--placer-number", "HIS-2026-0001")
        self.accession = self.ordered["accession_number"]
        return f"accession number {self.accession}"

    def worklist(self):
        answers = self.stage.wait_for("the order on the worklist", lambda: self.stage.worklist(CLINIC, self.accession))
        self.scheduled = answers[0]
        return f"{self.scheduled.PatientName}, study {str(self.scheduled.StudyInstanceUID)[:24]}…"

    def push(self):
        words = {element.keyword: element.value for element in self.scheduled}
        self.stage.push(CLINIC, self.stage.images("main", words))
        return "3 images accepted by the gateway"

    def archived(self):
        def find():
            studies = self.stage.ctl("reader", "studies", "list").get("studies", [])
            return [study for study in studies if study.get("accession_number") == self.accession
                    and study.get("state") == "STUDY_STATE_VERIFIED" and study.get("instance_count") == 3]

        self.study = self.stage.wait_for("the study at the hub, counted and verified", find)[0]
        return f"study {self.study['id']}, matched: {self.study['match'].removeprefix('MATCH_STATE_').lower()}"

    def task(self):
        def find():
            tasks = self.stage.ctl("reader", "tasks", "list").get("tasks", [])
            return [task for task in tasks if task.get("accession_number") == self.accession]

        self.queued = self.stage.wait_for("the task on the reading worklist", find)[0]
        return f"due {self.queued.get('deadline', '?')}"

    def read(self):
        claimed = self.stage.ctl("reader", "tasks", "claim", self.queued["id"])
        fence = claimed["claim_fence"]
        draft = self.stage.ctl("reader", "reports", "draft", self.queued["id"], fence,
                               "颈椎生理曲度变直，C5/6 椎间隙变窄，椎体后缘骨质增生。", "颈椎退行性变，C5/6 椎间盘病变可能。",
                               "content.abnormal=true")
        self.report = self.stage.ctl("reader", "reports", "sign", draft["id"], fence, draft["etag"])
        if self.report["state"] != "REPORT_STATE_FINAL":
            raise Failed(f"the report is {self.report['state']}")
        verified = self.stage.ctl("reader", "reports", "verify", draft["id"])
        if not verified.get("valid"):
            raise Failed(f"the signature does not hold: {verified}")
        return f"report {self.report['id']} signed, signature verified"

    def delivered(self):
        event = self.stage.his(CLINIC, "pull", "--wait", "20", "--accession", self.accession, "--until-state", "final")
        self.result = event["result"]
        self.stage.his(CLINIC, "acknowledge", "--result", self.result["id"], "--number",
                       str(self.result["versions"][-1]["number"]), "--kind", "delivered")
        return self.result["versions"][-1]["content"]["impression"]

    def recognized(self):
        arguments = ["recognize", "--facility", OTHER["facility"], "--patient", "T-77", *PERSON, "--item", ITEM,
                     "--doctor", "王医生", "--encounter", "visit-1"]
        answer = self.stage.his(OTHER, *arguments)
        verdict = answer["verdicts"][0]
        if verdict["verdict"] != "VERDICT_ELIGIBLE":
            raise Failed(f"the earlier result does not count: {json.dumps(answer, ensure_ascii=False)[:800]}")
        self.prompt = verdict["prompt_id"]
        candidate = verdict["candidates"][0]
        return f"{verdict['verdict'].removeprefix('VERDICT_').lower()}, {candidate.get('basis', '')}"

    def accepted(self):
        decision = self.stage.his(OTHER, "decide", "--facility", OTHER["facility"], "--prompt", self.prompt,
                                  "--result", self.result["id"], "--kind", "accepted", "--doctor", "王医生")
        return f"decision {decision['id']}, saved {int(decision.get('saved_fen', 0)) / 100:.2f} yuan"

    def watched(self):
        """The same news on a stream that stays open, from the start of what is kept."""
        event = self.stage.his(CLINIC, "watch", "--count", "1")
        if event["result"]["id"] != self.result["id"]:
            raise Failed("another result came")
        return f"result {event['result']['id']}"

    def delivered_state(self):
        def find():
            order = self.stage.ctl("reader", "orders", "get", self.result["order_ids"][0])
            return order if order["state"] in ("ORDER_STATE_DELIVERED", "ORDER_STATE_VIEWED") else None

        order = self.stage.wait_for("the order to be delivered", find)
        timeline = self.stage.ctl("reader", "orders", "timeline", order["id"])["entries"]
        return " → ".join(entry["action"] for entry in timeline)

    def audited(self):
        patient = self.result["patient"]["patient_id"]

        def find():
            entries = self.stage.ctl("auditor", "audit", "list", patient).get("entries", [])
            at_hub = {entry["record"]["method"].split("/")[-1] for entry in entries if "delivery" not in entry["record"]}
            at_gateways = {(entry["record"]["delivery"]["facility_id"], entry["record"]["method"].split("/")[-1])
                           for entry in entries if "delivery" in entry["record"]}
            clinic, other = CLINIC["facility"], OTHER["facility"]
            wanted = {(clinic, "CreateOrder"), (clinic, "C-FIND modality worklist"), (clinic, "C-STORE"),
                      (clinic, "PullEvents"), (other, "RecordDecision")}
            return entries if {"SignReport", "RecordDecision"} <= at_hub and wanted <= at_gateways else None

        entries = self.stage.wait_for("the patient's trail", find)
        if not self.quiet:
            print_trail(reversed(entries))
        verified = self.stage.ctl("auditor", "audit", "verify")
        if not verified.get("intact"):
            raise Failed(f"the trail is not whole: {verified}")
        return f"{len(entries)} entries of this patient; {verified['entries']} in all, chain whole"

    def play(self):
        if not self.quiet:
            print("setting up")
        self.step("private authority, certificates, stubs", self.stage.authority)
        self.step("hub with the sample community", self.hub)
        self.step("accounts", self.people)
        self.step(f"gateway of {CLINIC['name']} enrolls", lambda: self.gateway(CLINIC))
        self.step(f"gateway of {OTHER['name']} enrolls", lambda: self.gateway(OTHER))
        if not self.quiet:
            print("the main job")
        self.step("the clinic's HIS asks for earlier results", self.asked_first)
        self.step("and orders a cervical spine X-ray", self.order)
        self.step("the device finds it on its worklist", self.worklist)
        self.step("the device pushes the images", self.push)
        self.step("archived and verified at the hub", self.archived)
        self.step("on the reading worklist", self.task)
        self.step("claimed, drafted, signed", self.read)
        self.step("delivered to the clinic's HIS", self.delivered)
        self.step("and watched by it on a stream", self.watched)
        self.step("another clinic asks before ordering the same", self.recognized)
        self.step("its doctor accepts the earlier result", self.accepted)
        self.step("the order's timeline", self.delivered_state)
        self.step("the patient's audit trail", self.audited)


def farewell(stage, patient):
    hub = f"--address localhost:{stage.ports['hub']['rpc']} --ca {stage.path('ca', 'ca.pem')}"
    print(f"""
It stays up until Ctrl-C. Try next:
  {stage.tongjian} ctl {hub} --token-file {stage.path('reader.token')} tasks list states=completed
  {stage.tongjian} ctl {hub} --token-file {stage.path('reader.token')} results list {patient}
  {stage.tongjian} ctl {hub} --token-file {stage.path('auditor.token')} audit verify
  storescu -aet {CLINIC['device']} -aec GATEWAY localhost {stage.ports[CLINIC['facility']]['dicom']} YOUR_FILE.dcm
  curl -H "Authorization: Bearer $(cat {stage.path('reader.token')})" http://localhost:{stage.ports['hub']['web']}/dicom-web/studies
  curl http://localhost:{stage.ports['hub']['admin']}/metrics
Results for the clinic also lie in {stage.path(CLINIC['facility'] + '-results')}; logs in {stage.directory}/*.log""")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tongjian", required=True, help="the program")
    parser.add_argument("--directory", required=True, help="for state, logs and images; emptied first")
    parser.add_argument("--once", action="store_true", help="exit when the job is done")
    parser.add_argument("--times", help="write the steps' times to this JSON file")
    parser.add_argument("--quiet", action="store_true")
    arguments = parser.parse_args()

    stage = Stage(arguments.tongjian, arguments.directory)
    stage.empty()
    play = Play(stage, arguments.quiet)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that the processes are stopped.
    try:
        play.play()
        if arguments.times:
            pathlib.Path(arguments.times).write_text(json.dumps(play.times, ensure_ascii=False, indent=1), encoding="utf-8")
        print("the main job is done")
        if not arguments.once:
            farewell(stage, play.result["patient"]["patient_id"])
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        return 0
    except Failed as failure:
        print(f"FAILED: {failure}\nlogs: {stage.directory}/*.log", file=sys.stderr)
        return 1
    finally:
        stage.stop()


if __name__ == "__main__":
    sys.exit(main())
