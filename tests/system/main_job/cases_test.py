#!/usr/bin/python3
"""The main job where it does not go straight: over real processes, with the HIS client, DCMTK's tools and people at ctl.

Each case has a patient of its own, so that they can be played one behind the other on one stage.

  cases_test.py --tongjian PROGRAM --directory DIR [--only NAME,...] [--postgres] [--split]
"""

import argparse
import contextlib
import json
import pathlib
import socket
import sqlite3
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2] / "deploy"), str(HERE.parents[1] / "support")]
sys.dont_write_bytecode = True

import postgres  # noqa: E402
from exam_cases import ExamCases  # noqa: E402
from stage import CLINIC, ITEM, OTHER, Failed, Stage, check  # noqa: E402

# Invented persons whose numbers keep to GB 11643.
PEOPLE = {
    "cut": ["--patient", "2001", "--name", "王芳", "--sex", "female", "--birth-date", "1975-03-02"],
    "declined": ["--patient", "2002", "--name", "李强", "--sex", "male", "--birth-date", "1980-01-01",
                 "--resident-id", "110101198001010010"],
    "amended": ["--patient", "2003", "--name", "刘洋", "--sex", "male", "--birth-date", "1962-11-20"],
    "arrival": ["--patient", "2004", "--name", "陈静", "--sex", "female", "--birth-date", "1990-07-15"],
    "cancelled": ["--patient", "2005", "--name", "杨帆", "--sex", "male", "--birth-date", "2001-05-09"],
    "signers": ["--patient", "2006", "--name", "黄敏", "--sex", "female", "--birth-date", "1958-12-31"],
    "old": ["--patient", "2008", "--name", "吴越", "--sex", "female", "--birth-date", "1971-02-28"],
    "stepped": ["--patient", "2009", "--name", "郑洁", "--sex", "female", "--birth-date", "1979-06-18"],
    "broken": ["--patient", "2011", "--name", "褚文", "--sex", "male", "--birth-date", "1968-09-09"],
    "keys": ["--patient", "2010", "--name", "冯玉", "--sex", "female", "--birth-date", "1982-02-14"],
    "watched": ["--patient", "2007", "--name", "周杰", "--sex", "male", "--birth-date", "1985-08-08"],
}


SKIPPED = 77


class Cases(ExamCases, Stage):
    """A hub, two gateways, two readers; what the cases have in common."""

    def set_up(self, settings, split):
        self.empty()
        self.authority()
        if split:
            self.two_processes(settings)
        else:
            self.hub(settings=settings)
        self.person("reader", "reader", "prac-zhongxin-reader-1")
        self.person("second", "reader", "prac-zhongxin-reader-2")
        self.person("bureau", "bureau")
        self.person("auditor", "auditor")
        for clinic in (CLINIC, OTHER):
            self.gateway(clinic)

    def two_processes(self, settings):
        """Reading and audit in a process of their own: all calls between it and the rest go over mutual TLS."""
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        own, rest = ("reading", "audit"), ("registry", "imaging", "orders", "exchange")

        def config(name, port, here, there, address):
            path = pathlib.Path(self.hub_config(name, settings=f"""{settings}
keys = "{self.path('keys')}"
services = {json.dumps(here)}
remote = {json.dumps([f"{service}=localhost:{address}" for service in there])}
"""))
            path.write_text(path.read_text(encoding="utf-8").replace(
                'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'), encoding="utf-8")
            return str(path)

        reading = config("reading", ports[1], own, rest, ports[0])
        hub = config("hub", ports[0], rest, own, ports[1])
        self.start("hub", "serve", "--config", hub)
        self.start("reading", "serve", "--config", reading)
        self.homes = {word: "reading" for word in ("tasks", "reports", "audit")}
        first = pathlib.Path(self.path("hub", "files", "registry", "first-operator-password"))
        self.log_in("operator", first.read_text(encoding="utf-8").splitlines()[-1].strip())

    def failure_of(self, call):
        """What a call fails with; an empty text where it does not."""
        try:
            call()
            return ""
        except Failed as failure:
            return str(failure)

    def refused(self, call, reason):
        """The call must be refused for this reason of the published list."""
        failure = self.failure_of(call)
        check(reason in failure, f"must be refused for {reason}, but came: {failure or 'an answer'}")

    # Steps that most cases have.

    def order(self, who, *words, clinic=CLINIC, item=ITEM):
        return self.his(clinic, "order", "--facility", clinic["facility"], *PEOPLE[who], "--item", item,
                        "--doctor", "李医生", *words)

    def scheduled(self, order):
        """The worklist's entry of an order, as words for images."""
        entry = self.wait_for("the order on the worklist", lambda: self.worklist(CLINIC, order["accession_number"]))[0]
        return {element.keyword: element.value for element in entry}

    def studies(self, accession):
        return [study for study in self.ctl("reader", "studies", "list", f"accession-number={accession}").get("studies", [])]

    def verified(self, accession):
        return self.wait_for("the study at the hub, counted and verified", lambda: [
            study for study in self.studies(accession)
            if study["state"] == "STUDY_STATE_VERIFIED" and study["instance_count"] == 3])[0]

    def tasks(self, accession, *words):
        return [task for task in self.ctl("reader", "tasks", "list", *words).get("tasks", [])
                if task.get("accession_number") == accession]

    def task(self, accession):
        return self.wait_for("the task on the reading worklist", lambda: self.tasks(accession))[0]

    def drafted(self, task, impression, who="reader"):
        fence = self.ctl(who, "tasks", "claim", task["id"])["claim_fence"]
        draft = self.ctl(who, "reports", "draft", task["id"], fence, "如上所见。", impression)
        return draft, fence

    def signed(self, task, impression):
        draft, fence = self.drafted(task, impression)
        return self.ctl("reader", "reports", "sign", draft["id"], fence, draft["etag"])

    def result(self, accession, state, clinic=CLINIC):
        """The result as the clinic's HIS pulls it, when it has come to that state."""
        return self.his(clinic, "--timeout", "60", "pull", "--wait", "20", "--accession", accession,
                        "--until-state", state)["result"]

    def examined(self, who, *words):
        """Ordered, recorded, at the hub and on the reading worklist."""
        order = self.order(who, *words)
        self.push(CLINIC, self.images(who, self.scheduled(order)))
        self.verified(order["accession_number"])
        return order, self.task(order["accession_number"])

    # The cases.

    def cut_link(self):
        """The hub is gone: HIS orders, device finds it, device pushes; the hub comes back: all of it there, once."""
        self.kill("hub")
        order = self.order("cut", "--placer-number", "HIS-CUT-1")
        accession = order["accession_number"]
        self.push(CLINIC, self.images("cut", self.scheduled(order)))
        again = self.order("cut", "--placer-number", "HIS-CUT-2")
        check(again["accession_number"] != accession, "two orders, one accession number")
        self.refused(lambda: self.his(CLINIC, "recognize", "--facility", CLINIC["facility"], *PEOPLE["cut"], "--item", ITEM,
                                      "--doctor", "李医生", "--encounter", "visit-1"), "HUB_UNREACHABLE")
        self.start_again("hub")
        self.verified(accession)
        self.wait_for("the study to find its order, which may come behind it", lambda: [
            study for study in self.studies(accession) if study["match"] == "MATCH_STATE_MATCHED"])
        task = self.task(accession)
        both = {accession, again["accession_number"]}

        def orders():
            return [order for order in self.ctl("reader", "orders", "list").get("orders", [])
                    if order["accession_number"] in both]

        self.wait_for("both orders at the hub", lambda: {order["accession_number"] for order in orders()} == both)
        check([order["origin"] for order in orders()] == 2 * ["ORDER_ORIGIN_HIS"], orders())
        check(len(self.studies(accession)) == 1, "the study is there more than once")
        check(len(self.tasks(accession)) == 1 and not task.get("provisional"), "the task is there more than once")
        self.signed(task, "未见异常。")
        result = self.result(accession, "final")
        check(result["placer_order_number"] == "HIS-CUT-1", result)

    def declined_with_a_reason(self):
        """Another clinic is shown the result and repeats the exam all the same: it says why, and that is counted."""
        order, task = self.examined("declined")
        self.signed(task, "右肺上叶结节，建议复查。")
        result = self.result(order["accession_number"], "final")
        ask = ["recognize", "--facility", OTHER["facility"], *PEOPLE["declined"], "--item", ITEM, "--doctor", "王医生",
               "--encounter", "visit-7"]
        verdict = self.wait_for("the result to count", lambda: [
            verdict for verdict in self.his(OTHER, *ask)["verdicts"] if verdict["verdict"] == "VERDICT_ELIGIBLE"])[0]
        decide = ["decide", "--facility", OTHER["facility"], "--prompt", verdict["prompt_id"], "--result", result["id"],
                  "--kind", "declined", "--doctor", "王医生"]
        self.refused(lambda: self.his(OTHER, *decide), "REASON_REQUIRED")
        before = self.counts()
        decision = self.his(OTHER, *decide, "--reason-code", "01", "--reason-text", "病情变化")
        check(decision["reason_code"] == "01", decision)
        after = self.counts()
        check(int(after.get("declined", 0)) == int(before.get("declined", 0)) + 1, after)
        repeat = self.his(OTHER, "order", "--facility", OTHER["facility"], *PEOPLE["declined"], "--item", ITEM, "--doctor",
                          "王医生", "--verdict", "ELIGIBLE", "--decision-id", decision["id"], "--reason-code", "01")
        check(repeat["recognition"]["reason_code"] == "01", repeat)

    def counts(self):
        return self.ctl("bureau", "call", "RecognitionService/GetRecognitionCounts")

    def amended(self):
        """An amended report reaches the clinic's HIS as the next version, and its drop folder."""
        order, task = self.examined("amended")
        report = self.signed(task, "未见骨折。")
        first = self.result(order["accession_number"], "final")
        self.his(CLINIC, "acknowledge", "--result", first["id"], "--number", "1", "--kind", "viewed", "--doctor", "李医生")
        report = self.ctl("reader", "reports", "get", report["id"])
        self.ctl("reader", "reports", "amend", report["id"], report["etag"], "C5 椎体前缘线状低密度影。", "C5 椎体骨折。",
                 "复核原片后更正", "content.abnormal=true")
        amended = self.result(order["accession_number"], "amended")
        versions = amended["versions"]
        check(amended["id"] == first["id"] and len(versions) == 2, amended)
        check(versions[1]["content"]["impression"] == "C5 椎体骨折。" and versions[1]["reason"] == "复核原片后更正", versions)
        folder = pathlib.Path(self.path(CLINIC["facility"] + "-results"))
        text = self.wait_for("version 2 in the drop folder", lambda: [
            path.read_text(encoding="utf-8") for path in folder.glob(f"{first['id']}-v2.txt")])[0]
        check("C5 椎体骨折" in text, text)

    def arrival_without_an_order(self):
        """Images come first: read at once, held back as preliminary until a HIS order says who it is; never a second task."""
        accession = "DEV" + str(int(time.time()))[-8:]
        words = {"PatientName": "陈静", "PatientID": "2004", "PatientBirthDate": "19900715", "PatientSex": "F",
                 "AccessionNumber": accession, "StudyInstanceUID": ""}
        import pydicom.uid
        words["StudyInstanceUID"] = pydicom.uid.generate_uid()
        self.push(CLINIC, self.images("arrival", words))
        provisional = self.wait_for("a provisional order", lambda: [
            order for order in self.ctl("reader", "orders", "list").get("orders", [])
            if order["origin"] == "ORDER_ORIGIN_DEVICE" and order["patient"].get("facility_patient_id") == "2004"])[0]
        task = self.wait_for("its task", lambda: self.ctl(
            "reader", "tasks", "list", f"order-id={provisional['id']}").get("tasks"))[0]
        check(task.get("provisional") and not task.get("identity_confirmed"), task)
        self.wait_for("the images to be complete", lambda: self.ctl(
            "reader", "tasks", "get", task["id"])["state"] == "TASK_STATE_QUEUED")
        report = self.signed(task, "未见异常。")
        check(report["state"] == "REPORT_STATE_FINAL", report)
        held = self.wait_for("the held result", lambda: [
            event["result"] for event in self.his(CLINIC, "pull").get("events", [])
            if provisional["id"] in event["result"]["order_ids"]])[-1]
        check(held["state"] == "RESULT_STATE_PRELIMINARY" and not held.get("identity_confirmed"), held)
        order = self.order("arrival", "--placer-number", accession)
        final = self.wait_for("the final result", lambda: [
            event["result"] for event in self.his(CLINIC, "pull").get("events", [])
            if event["result"]["id"] == held["id"] and event["result"]["state"] == "RESULT_STATE_FINAL"])[-1]
        bound = self.his(CLINIC, "get-order", "--accession", order["accession_number"])
        check(bound["id"] in final["order_ids"] and final["identity_confirmed"], final)
        moved = self.ctl("reader", "tasks", "get", task["id"])
        check(moved["order_id"] == bound["id"] and not moved.get("provisional"), moved)
        tasks = self.ctl("reader", "tasks", "list", f"order-id={bound['id']}").get("tasks", [])
        check([one["id"] for one in tasks] == [task["id"]], tasks)
        ended = self.ctl("reader", "orders", "get", provisional["id"])
        check(ended["state"] == "ORDER_STATE_CANCELLED" and ended["bound_order_id"] == bound["id"], ended)

    def cancelled(self):
        """A cancelled order leaves the worklist, and the hub knows."""
        order = self.order("cancelled")
        self.scheduled(order)
        self.his(CLINIC, "cancel", "--id", order["id"], "--reason", "患者离院")
        self.wait_for("the worklist without it", lambda: not self.worklist(CLINIC, order["accession_number"]))
        self.wait_for("the hub to know", lambda: [
            found for found in self.ctl("reader", "orders", "list").get("orders", [])
            if found["accession_number"] == order["accession_number"] and found["state"] == "ORDER_STATE_CANCELLED"])

    def two_signers(self):
        """Where the policy wants two, the first signature issues nothing, and its writer cannot give the second."""
        item = "dx-chest-pa"
        self.ctl("operator", "call", "CenterService/SetReadingPolicy", f"policy.facility-id={CLINIC['facility']}",
                 "policy.discipline=imaging", f"policy.item-id={item}", "policy.mode=hub-reads", "policy.signers=2",
                 "request-id=two-signers")
        order = self.order("signers", item=item)
        self.push(CLINIC, self.images("signers", self.scheduled(order)))
        self.verified(order["accession_number"])
        task = self.task(order["accession_number"])
        draft, fence = self.drafted(task, "双肺未见实变。")
        report = self.ctl("reader", "reports", "sign", draft["id"], fence, draft["etag"])
        check(report["state"] == "REPORT_STATE_AWAITING_APPROVAL", report)
        self.refused(lambda: self.ctl("reader", "reports", "sign", report["id"], fence, report["etag"]), "SAME_SIGNER")
        report = self.ctl("second", "reports", "get", report["id"])
        final = self.ctl("second", "reports", "sign", report["id"], "0", report["etag"])
        check(final["state"] == "REPORT_STATE_FINAL" and len(final["versions"][-1]["signatures"]) == 2, final)
        self.result(order["accession_number"], "final")

    def old_cursor(self):
        """A cursor of another feed, and one older than what is kept, get their defined answers."""
        foreign = self.his(OTHER, "pull")["next_cursor"]
        self.refused(lambda: self.his(CLINIC, "pull", "--cursor", foreign), "CURSOR_FOREIGN")
        cursor = self.his_at_hub("pull")["next_cursor"]
        self.signed(self.examined("old")[1], "未见异常。")
        self.wait_for("news", lambda: self.his_at_hub("pull", "--cursor", cursor).get("events"))
        # What is kept is kept for half a year: the events are made older than that, and a round trims them, which else
        # waits for hours after a start.
        self.kill("hub")
        with open(self.path("hub.toml"), "a", encoding="utf-8") as config:
            config.write('\n[feeds]\ncalm = "0s"\n')
        self.at_exchange("update store_feed_event set recorded_at = recorded_at - 31536000000000 where stream = 'exchange'")
        self.start_again("hub")
        self.wait_for("the events to be trimmed", lambda: "CURSOR_EXPIRED" in self.failure_of(
            lambda: self.his_at_hub("pull", "--cursor", cursor)), 120)

    def at_exchange(self, sql):
        """Changes the rows of the exchange, which does not run."""
        if self.postgres is not None:
            done = self.postgres.query(f"set search_path to exchange; {sql}")
            check(done.returncode == 0, done.stderr)
            return
        with sqlite3.connect(self.path("hub", "db", "exchange.db")) as database:
            database.execute(sql)
        database.close()

    def his_at_hub(self, *words):
        """The HIS client at the hub itself, as a clinic without a gateway has it."""
        facility = CLINIC["facility"]
        return json.loads(self.run([
            str(HERE.parents[2] / "deploy" / "his" / "his_client.py"), "--stubs", self.path("stubs"),
            "--address", f"localhost:{self.ports['hub']['rpc']}", "--ca", self.path("ca", "ca.pem"),
            "--cert", self.path(f"his-{facility}.pem"), "--key", self.path(f"his-{facility}.key"), *words]))

    def watched(self):
        """The HIS holds a stream open, gets the result when it is signed, and says that a doctor has read it."""
        cursor = self.his(CLINIC, "pull")["next_cursor"]
        while True:
            page = self.his(CLINIC, "pull", "--cursor", cursor)
            if not page.get("events"):
                break
            cursor = page["next_cursor"]
        order, task = self.examined("watched")
        watcher = subprocess.Popen(self.his_command(CLINIC, "--timeout", "60", "watch", "--cursor", cursor),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self.signed(task, "未见异常。")
            out, errors = watcher.communicate(timeout=60)
        finally:
            if watcher.poll() is None:
                watcher.kill()
                watcher.wait()
        check(watcher.returncode == 0, errors)
        result = json.loads(out)["result"]
        check(result["accession_number"] == order["accession_number"], result)
        self.his(CLINIC, "acknowledge", "--result", result["id"], "--number", str(result["versions"][-1]["number"]),
                 "--kind", "viewed", "--doctor", "李医生")
        self.wait_for("the order to be viewed", lambda: self.ctl(
            "reader", "orders", "get", result["order_ids"][0])["state"] == "ORDER_STATE_VIEWED")

    CASES = (*ExamCases.CASES, cut_link, declined_with_a_reason, amended, arrival_without_an_order, cancelled, two_signers,
             watched, old_cursor)


def play(cases, only):
    """Plays the cases whose names contain one of `only`; the exit code."""
    failed = 0
    for case in Cases.CASES:
        if not any(name in case.__name__ for name in only):
            continue
        began = time.monotonic()
        try:
            case(cases)
            print(f"  {time.monotonic() - began:7.3f} s  {case.__name__}: {case.__doc__.splitlines()[0]}", flush=True)
        except Failed as failure:
            failed += 1
            print(f"  FAILED {case.__name__}: {failure}", flush=True)
    print(f"{failed} cases failed; logs: {cases.directory}/*.log")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--only", default="", help="cases whose name contains one of these")
    parser.add_argument("--postgres", action="store_true", help="the hub keeps its records on a PostgreSQL server")
    parser.add_argument("--split", action="store_true", help="the hub is two processes")
    arguments = parser.parse_args()
    if arguments.postgres and postgres.missing():
        print(f"skipped: {postgres.missing()}")
        return SKIPPED
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres.Postgres()) if arguments.postgres else None
        cases = stack.enter_context(Cases(arguments.tongjian, arguments.directory))
        cases.postgres = server
        cases.set_up(f'database = "{server.url}"' if server else "", arguments.split)
        return play(cases, arguments.only.split(","))


if __name__ == "__main__":
    sys.exit(main())
