#!/usr/bin/python3
"""Who is nobody here gets nowhere: every method of a real hub and gateway, called with certificates and tokens that are
missing, expired, made up, revoked or somebody else's; and servers that would stand open do not start, saying why.

  strangers_test.py --tongjian PROGRAM --directory DIR
"""

import argparse
import base64
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2] / "deploy"), str(HERE.parents[1] / "support")]
sys.dont_write_bytecode = True

import contract  # noqa: E402
from stage import CLINIC, OTHER, Stage  # noqa: E402

NO_ALGORITHM = b'{"alg":"none","typ":"JWT"}'
EVERYBODYS = {"tongjian.registry.v1.AccountService/LogIn", "tongjian.registry.v1.EnrollmentService/Enroll"}


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Strangers(Stage):
    def set_up(self):
        self.empty()
        self.authority()
        self.hub()
        self.gateway(CLINIC)
        self.person("doctor", "clinic_doctor", facility=CLINIC["facility"])
        self.start("another", "serve", "--config", self.hub_config("another"))
        self.contract = contract.Contract(self.path("stubs"))
        self.wrong = []
        self.calls = 0

    def address(self, name):
        return f"localhost:{self.ports[name]['rpc']}"

    def anonymous(self, name):
        return contract.channel(self.address(name), self.path("ca", "ca.pem"))

    def machine(self, name, files, server_name=""):
        return contract.machine_channel(self.address(name), self.path("ca", "ca.pem"), files, server_name)

    def token(self, who):
        return contract.read(self.path(f"{who}.token")).decode().strip()

    def refused(self, what, channel, metadata=(), due="UNAUTHENTICATED", server="hub"):
        """Every method that the server serves must answer `due`."""
        def ask(method):
            return method, self.contract.call(channel, method, {}, metadata, timeout=30, messages_max=1)

        methods = sorted(set(self.contract.methods) - EVERYBODYS)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = dict(pool.map(ask, methods))
        served = {method: answer for method, answer in answers.items() if answer.code != "UNIMPLEMENTED"}
        self.calls += len(served)
        if len(served) < (15 if server == "gateway" else 90):
            self.wrong.append(f"{what}: only {len(served)} methods are served")
        self.wrong += [f"{what}: {method}: {due} is due, came {answer}"
                       for method, answer in served.items() if answer.code != due]

    def no_handshake(self, what, channel):
        """The connection itself is refused."""
        answer = self.contract.call(channel, "GetHead", {}, timeout=20)
        self.calls += 1
        if answer.code != "UNAVAILABLE":
            self.wrong.append(f"{what}: no connection is due, came {answer}")

    # Certificates.

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def forged(self, name, original, authority, *dates):
        """A certificate that says what `original` says, signed by an authority (its path without .pem and .key) with other dates."""
        path = self.path(name)
        self.openssl("x509", "-x509toreq", "-in", f"{original}.pem", "-signkey", f"{original}.key",
                     "-copy_extensions", "copyall", "-out", f"{path}.csr")
        self.openssl("x509", "-req", "-in", f"{path}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
                     "-copy_extensions", "copyall", "-out", f"{path}.pem", *dates)
        pathlib.Path(f"{path}.key").write_bytes(contract.read(f"{original}.key"))
        return path

    def certificates(self):
        ours = self.path("ca", "ca")
        his = self.path(f"his-{CLINIC['facility']}")
        self.run([self.tongjian, "ca", "init", "--directory", self.path("ca-other"), "--name", "Tongjian sample authority"])
        expired = self.forged("expired", his, ours, "-days", "-1")
        foreign = self.forged("foreign", his, self.path("ca-other", "ca"))
        selfmade = self.forged("selfmade", his, his)
        for server, name in (("hub", ""), (CLINIC["facility"], f"{CLINIC['facility']}.gateway")):
            self.no_handshake(f"an expired certificate at {server}", self.machine(server, expired, name))
            self.no_handshake(f"another authority's certificate at {server}", self.machine(server, foreign, name))
            self.no_handshake(f"a certificate signed by a HIS at {server}", self.machine(server, selfmade, name))
        self.no_handshake("a server's name that is not in its certificate", self.machine("hub", his, "hub.example"))
        for role in ("hub", "proxy"):
            files = self.certificate(role, "fac-jinhua-zhongxin")
            self.refused(f"a {role} certificate alone", self.machine("hub", files))
        self.no_handshake("no certificate at the gateway", contract.channel(
            self.address(CLINIC["facility"]), self.path("ca", "ca.pem")))

    def revoke(self):
        """Revokes a certificate; running hubs notice within a minute, so that it is asked for at the end."""
        self.lost = self.certificate("gateway", OTHER["facility"])
        self.lost_channel = self.machine("hub", self.lost)
        if self.contract.call(self.lost_channel, "ListFacilities", {}).code != "OK":
            self.wrong.append("the certificate to be revoked is not believed to begin with")
        shown = self.run(["openssl", "x509", "-in", f"{self.lost}.pem", "-noout", "-serial"])
        self.run([self.tongjian, "ca", "revoke", "--directory", self.path("ca"), "--serial",
                  shown.strip().split("=")[1].lower()])

    def revoked(self):
        self.wait_for("the hub to notice the revocation", lambda: self.contract.call(
            self.lost_channel, "ListFacilities", {}).code in ("UNAUTHENTICATED", "UNAVAILABLE"), 90)
        self.refused("a revoked certificate on a connection that was open", self.lost_channel)

    # Tokens.

    def tokens(self):
        channel = self.anonymous("hub")
        good = self.token("doctor")
        head, body, signature = good.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))

        bribed = encoded(json.dumps({**claims, "roles": ["operator", "auditor", "reader"]}).encode())
        for what, token in (
                ("a token with other claims", f"{head}.{bribed}.{signature}"),
                ("a token without a signature", f"{encoded(NO_ALGORITHM)}.{body}."),
                ("a token cut short", good[:-8]),
                ("a token with another signature", f"{head}.{body}.{signature[::-1]}"),
                ("no token at all", "x")):
            self.refused(what, channel, contract.bearer(token))
        self.refused("nothing", channel)
        self.refused("another scheme", channel, (("authorization", "Basic b3BlcmF0b3I6eA=="),))
        self.refused("another hub's token", channel, contract.bearer(self.another_hubs_token()))
        self.refused("a principal made up", channel, (("tongjian-principal", good),))
        self.refused("a certificate in metadata, without a proxy", channel, (
            ("tongjian-client-cert", contract.read(self.path(f"his-{CLINIC['facility']}.pem")).decode().replace("\n", "%0A")),))
        self.refused("a token over another facility's certificate",
                     self.machine("hub", self.path(f"his-{OTHER['facility']}")), contract.bearer(good), "PERMISSION_DENIED")
        self.refused("a person of another facility, forwarded", self.machine("hub", self.path(f"his-{OTHER['facility']}")),
                     (("tongjian-on-behalf", f"facility={CLINIC['facility']};user=u1;roles=clinic_doctor"),),
                     "PERMISSION_DENIED")

    def another_hubs_token(self):
        first = pathlib.Path(self.path("another", "files", "registry", "first-operator-password"))
        answer = self.contract.call(self.anonymous("another"), "LogIn", {
            "user_name": "operator", "password": first.read_text(encoding="utf-8").splitlines()[-1].strip()})
        return answer.first["token"]

    def signed(self, claims):
        """A token with these claims and the hub's own signature: what it would have issued itself."""
        head = self.token("doctor").split(".")[0]
        text = f"{head}.{encoded(json.dumps(claims).encode())}"
        pathlib.Path(self.path("token.txt")).write_text(text, encoding="utf-8")
        self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path("hub", "keys", "token.key"),
                     "-in", self.path("token.txt"), "-out", self.path("token.sig"))
        return f"{text}.{encoded(contract.read(self.path('token.sig')))}"

    def over(self):
        """Tokens of this very hub whose time is over or not yet come, or that are meant for others."""
        channel, now = self.anonymous("hub"), int(time.time())
        claims = json.loads(base64.urlsafe_b64decode(self.token("doctor").split(".")[1] + "=="))
        if self.contract.call(channel, "ListFacilities", {}, contract.bearer(self.signed(claims))).code != "OK":
            self.wrong.append("a token signed here is not believed to begin with")
        for what, change in (("an expired token", {"exp": now - 61}), ("a token of tomorrow", {"nbf": now + 86400}),
                             ("a token for another audience", {"aud": "elsewhere"}),
                             ("a token of another issuer", {"iss": "elsewhere"})):
            self.refused(what, channel, contract.bearer(self.signed({**claims, **change})))

    # Servers that would stand open.

    def does_not_start(self, why, *arguments):
        config = pathlib.Path(self.path("open.toml"))
        config.write_text(f'state = "{self.path("open")}"\n[rpc]\nlisten = ""\n[admin]\nport = -1\n', encoding="utf-8")
        done = subprocess.run([self.tongjian, "serve", "--config", str(config), *arguments], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0 or why not in done.stderr:
            self.wrong.append(f"serve {' '.join(arguments)}: must not start because {why!r}, but: {done.stderr.strip()}")

    def open_servers(self):
        self.does_not_start("without TLS: only loopback addresses may", "--rpc.plain-listen=0.0.0.0:0")
        self.does_not_start("without TLS: only loopback addresses may", "--rpc.plain-listen=[::]:0")
        self.does_not_start("no TLS for 0.0.0.0:0", "--rpc.listen=0.0.0.0:0")
        self.does_not_start("dicom.peers names nobody there", "--dicom.port=0", "--dicom.address=0.0.0.0")
        self.does_not_start("dicom.peers names nobody there", "--dicom.port=0", "--dicom.address=::")
        self.does_not_start("dicom.peers names everybody", "--dicom.port=0", "--dicom.address=0.0.0.0",
                            "--dicom.peers=0.0.0.0/0")
        self.does_not_start("admin.peers names nobody there", "--admin.port=0", "--admin.address=0.0.0.0")
        self.does_not_start("web.peers names nobody there", "--web.port=0", "--web.address=0.0.0.0")

    def play(self):
        self.revoke()
        self.open_servers()
        self.certificates()
        self.tokens()
        self.over()
        self.revoked()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tongjian", required=True)
    parser.add_argument("--directory", required=True)
    arguments = parser.parse_args()
    with Strangers(arguments.tongjian, arguments.directory) as strangers:
        strangers.set_up()
        strangers.play()
        print("\n".join(strangers.wrong))
        print(f"{strangers.calls} calls, {len(strangers.wrong)} not refused as they must be")
        return 1 if strangers.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
