#!/usr/bin/python3
"""Who may do what with whose rows: every role at every facility calls every method of the contract, and table.txt says what
must come of it. A method without a row fails; so does one that answers at a server where the table does not have it.

  permission_test.py --tongjian PROGRAM --directory DIR [--only TEXT] [--observed]
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import sys
import uuid

import grpc

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2] / "deploy"), str(HERE.parents[1] / "support")]
sys.dont_write_bytecode = True

from scene import FACILITIES, MACHINES, PEOPLE, Scene  # noqa: E402

ROLES = {"hub": MACHINES + PEOPLE, "gateway": MACHINES}
# Let in, and stopped by nothing but the state of the thing itself.
REACHED = {"OK", "FAILED_PRECONDITION", "ABORTED", "ALREADY_EXISTS"}


class Row:
    """One line of the table and the cells under it.

    `before`: what is to be done before each of its calls; `alone`: whether they come one after the other.
    """

    def __init__(self, server, method, request, shows, number):
        self.server, self.method, self.request, self.shows, self.number = server, method, request, shows, number
        self.cells = {}
        self.before, self.alone = None, False


def parse(text):
    """The rows of the table: a method's line, then one line of cells for each part of its roles."""
    rows, server, row, before, alone = [], None, None, None, False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        if line.startswith("["):
            server = line.strip("[]")
        elif line == "alone":
            alone = True
        elif line.startswith("before "):
            before = line.removeprefix("before ").split(" ", 1)
        elif not line.startswith(" "):
            method, _, rest = line.partition(" ")
            request, _, shows = rest.partition(" => ")
            row = Row(server, method, request.strip() or "{}", shows.strip(), number)
            row.before, before, row.alone, alone = before, None, alone, False
            rows.append(row)
        else:
            cells = line.split()
            if len(cells) != len(ROLES[server]) or any(len(cell) != len(FACILITIES) for cell in cells):
                raise SystemExit(f"table.txt:{number}: {len(ROLES[server])} cells of {len(FACILITIES)} letters are due")
            for role, cell in zip(ROLES[server], cells):
                for relation, letter in zip(FACILITIES, cell):
                    row.cells[role, relation] = letter
    return rows


class Asker:
    """Puts the rows' requests to the servers."""

    def __init__(self, scene):
        self.scene = scene
        self.callers = {"hub": scene.hub_callers, "gateway": scene.gateway_callers}

    def filled(self, text):
        names = {**self.scene.names, "new": uuid.uuid4().hex[:16]}
        return re.sub(r"\$(\w+)", lambda match: json.dumps(str(names[match.group(1)]), ensure_ascii=False)[1:-1], text)

    def letter(self, row, caller):
        """What came of the row's call by one caller, as the table writes it; and the answer itself."""
        channel, metadata = self.callers[row.server][caller]
        stream = self.scene.contract.methods[self.scene.contract.find(row.method)].server_streaming
        answer = self.scene.contract.call(channel, row.method, json.loads(self.filled(row.request)), metadata,
                                          timeout=5 if stream else 60, messages_max=1)
        return self.judge(row, answer, stream), answer

    @staticmethod
    def refusal(answer):
        """The gRPC code of a refusal that comes inside a message: of an upload, of one result of a batch."""
        code = answer.first.get("failure", {}).get("code", 0)
        for outcome in answer.first.get("outcomes", []):
            code = outcome.get("code", code)
        return next(name.name for name in grpc.StatusCode if name.value[0] == code)

    def judge(self, row, answer, stream):
        if answer.code == "OK":
            answer.code = self.refusal(answer)
        shown = not row.shows or self.filled(row.shows) in json.dumps(answer.messages, ensure_ascii=False)
        if answer.code in REACHED:
            return "y" if shown or answer.code != "OK" else "n"
        if answer.code == "DEADLINE_EXCEEDED" and stream:  # It was opened, and there is nothing for this caller on it.
            return "n" if row.shows else "y"
        if answer.code == "PERMISSION_DENIED":
            return "-" if "lacks the permission" in answer.text else "f"
        return {"NOT_FOUND": "n", "UNIMPLEMENTED": "u", "INVALID_ARGUMENT": "i", "UNAUTHENTICATED": "a"}.get(answer.code, "?")

    def row(self, row, pool):
        if row.before or row.alone:
            return {caller: self.after(row, caller) for caller in self.callers[row.server]}
        asked = {caller: pool.submit(self.letter, row, caller) for caller in self.callers[row.server]}
        return {caller: future.result() for caller, future in asked.items()}


    def after(self, row, caller):
        """As `letter`, when the clinic's doctor has put things back as they were for the one before."""
        if row.before:
            self.scene.at_hub("clerk", row.before[0], json.loads(self.filled(row.before[1])))
        return self.letter(row, caller)


def observed(row, letters):
    cells = ["".join(letters[role, relation][0] for relation in FACILITIES) for role in ROLES[row.server]]
    return "    " + " ".join(cells)


def compare(row, letters):
    wrong = []
    for (role, relation), (letter, answer) in letters.items():
        expected = row.cells.get((role, relation))
        if letter != expected:
            wrong.append(f"table.txt:{row.number}: {row.server} {row.method}: {role} at {relation}: "
                         f"{expected} is due, came {letter}: {str(answer)[:300]}")
    return wrong


def not_in_table(scene, rows):
    """Methods without a row; and methods that a server answers though the table does not have them there."""
    wrong = []
    listed = {server: {scene.contract.find(row.method) for row in rows if row.server == server} for server in ROLES}
    everyone = {scene.contract.find(name) for name in ("LogIn", "Enroll")}  # hub_wire_test: these and no others.
    for method in scene.contract.methods:
        if method not in listed["hub"] | listed["gateway"] | everyone:
            wrong.append(f"{method} has no row in table.txt")
        for server, callers in (("hub", scene.hub_callers), ("gateway", scene.gateway_callers)):
            if method in listed[server] or (server == "hub" and method in everyone):
                continue
            channel, metadata = callers["gateway", "own"]
            answer = scene.contract.call(channel, method, {}, metadata, timeout=5, messages_max=1)
            if answer.code != "UNIMPLEMENTED":
                wrong.append(f"{method} is not in table.txt under [{server}], and is served there: {answer}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--only", default="", help="rows whose method contains this")
    parser.add_argument("--observed", action="store_true", help="print what came of each row")
    arguments = parser.parse_args()
    rows = parse((HERE / "table.txt").read_text(encoding="utf-8"))
    with Scene(arguments.tongjian, arguments.directory) as scene:
        scene.set_up()
        asker = Asker(scene)
        wrong = not_in_table(scene, rows)
        calls = 0
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for row in rows:
                if arguments.only not in row.method:
                    continue
                letters = asker.row(row, pool)
                calls += len(letters)
                if arguments.observed:
                    print(f"{row.method} {row.request}" + (f" => {row.shows}" if row.shows else ""))
                    print(observed(row, letters), flush=True)
                wrong += compare(row, letters)
    print("\n".join(wrong))
    print(f"{len(rows)} rows, {calls} calls, {len(wrong)} not as the table says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
