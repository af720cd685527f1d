"""docs/guides/verify-tokens.md, done as it stands: each language's programs judge tokens of the real server, and of an issuer of
the test's own, who also signs what no honest one would.

Run by scripts/guides/test, which says in AGENTIDP_BIN which binary to start and in GUIDE_LANGUAGES which languages to run.
"""

import base64
import http.server
import json
import os
import re
import shlex
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from languages import environment, those_that_can_run
from server import Server

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUIDE = os.path.join(ROOT, "docs", "guides", "verify-tokens.md")
# What each language takes beside what the guide installs.
TOOLS = {"Python": ["python3"], "Node.js": ["node", "npm"], "Go": ["go"], "Java": ["java", "mvn"], "Rust": ["cargo"]}
# How long a library may hold on to the keys that it has, when a token names another: what the guide says, and some more.
COOLDOWN = {"Python": 6, "Node.js": 6, "Go": 0, "Java": 0, "Rust": 6}
# The agent of whom the test's own issuer speaks.
AGENT = "01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f50"


class Chapter:
    """What the guide says under a heading: its commands, and its programs by the name in their first line."""

    def __init__(self, heading):
        with open(GUIDE, encoding="utf-8") as file:
            text = file.read()
        (text,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        self.installs, self.runs, self.programs = [], [], {}
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
            if language != "sh":
                name = re.match(r"(?:#|//) (\S+)\n", code)[1]
                self.programs[name] = code
            elif code.rstrip().endswith("<token.txt"):
                self.runs.append(code.strip())
            else:
                self.installs.append(code)


class Issuer:
    """An issuer of the test's own: its keys are published like the server's, and it signs whatever it is told to."""

    def __init__(self):
        self.keys = {}
        self.rotate("first")
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps({"keys": [issuer.published(kid) for kid in issuer.keys]}).encode()
                self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.audience = f"{self.url}/resources/default"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def rotate(self, kid):
        """From here on another key signs, and is all that is published."""
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1())}

    def published(self, kid):
        return ECAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True) | {"kid": kid, "alg": "ES256", "use": "sig"}

    def token(self, header=None, key=None, algorithm="ES256", without=(), **claims):
        (kid, own), = self.keys.items()
        now = int(time.time())
        said = {
            "iss": self.url, "sub": AGENT, "client_id": AGENT, "aud": self.audience, "iat": now, "exp": now + 900,
            "jti": "01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f51", "scope": "resume:read resume:score",
        } | claims
        said = {name: value for name, value in said.items() if name not in without}
        key = None if algorithm == "none" else key or own
        return jwt.encode(said, key, algorithm, {"typ": "at+jwt", "kid": kid} | (header or {}))

    def with_public_key_as_secret(self):
        """What a verifier takes that lets the token choose the algorithm: an HMAC under the key that everybody knows."""
        (kid, own), = self.keys.items()
        public = own.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        head, body, _ = self.token().split(".")
        head = base64.urlsafe_b64encode(json.dumps({"typ": "at+jwt", "kid": kid, "alg": "HS256"}).encode()).rstrip(b"=").decode()
        signed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        signature = signed.sign(f"{head}.{body}".encode(), public)
        return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


class Program:
    """A program of the guide, as its command starts it, asked token by token."""

    def __init__(self, command, folder, environment):
        assert command.endswith(" <token.txt"), command
        self.process = subprocess.Popen(
            shlex.split(command.removesuffix("<token.txt")), cwd=folder, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        )

    def says(self, token):
        # The first word of some comes after their compiler's last.
        patience = threading.Timer(1800, self.process.kill)
        patience.start()
        self.process.stdin.write(f"{token}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        patience.cancel()
        if not line:
            self.process.wait(timeout=30)
            raise AssertionError(self.process.stderr.read())
        return line.strip()

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Language(unittest.TestCase):
    """What every language must do; each is a class below."""

    name = None

    @classmethod
    def setUpClass(cls):
        if cls.name is None:
            raise unittest.SkipTest("what the languages share")
        cls.chapter = Chapter(cls.name)
        folder = tempfile.TemporaryDirectory(prefix="agentidp-guide-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        for name, code in cls.chapter.programs.items():
            path = os.path.join(cls.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
        # Compiled in one place, so that a second run is quick; nothing that the guide says changes by it.
        cls.environment = environment(CARGO_TARGET_DIR=os.path.join(ROOT, "target", "guides"))
        for commands in cls.chapter.installs:
            cls.runs(commands)
        for name, code in cls.chapter.programs.items():
            with open(os.path.join(cls.folder, name), "w", encoding="utf-8") as file:
                file.write(code)
        cls.issuer = Issuer()
        cls.addClassCleanup(cls.issuer.stop)
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.admin = cls.server.token("agents:write tokens:introspect")
        cls.client = cls.registered_as_the_guide_says()
        cls.agent = cls.server.register("screener-001@example.com", ["resume:read", "resume:score", "mail:send"])

    @classmethod
    def runs(cls, commands, **environment):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=cls.folder, env=cls.environment | environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=1800,
        )
        if done.returncode != 0:
            raise AssertionError(f"{commands}\n{done.stdout}{done.stderr}")
        return done.stdout

    @classmethod
    def registered_as_the_guide_says(cls):
        (command,) = Chapter("What your API needs").installs
        answer = json.loads(cls.runs(command, ISSUER=cls.server.issuer, TOKEN=cls.admin))
        return answer["credential"]

    def program(self, which, issuer, audience):
        (command,) = [command for command in self.chapter.runs if which in command.lower()]
        environment = self.environment | {
            "ISSUER": issuer, "AUDIENCE": audience, "CLIENT_ID": self.client["clientId"], "CLIENT_SECRET": self.client["clientSecret"],
        }
        program = Program(command, self.folder, environment)
        self.addCleanup(program.stop)
        return program

    def token_of_the_agent(self, **form):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", **form}).encode()
        basic = base64.b64encode(f"{self.agent['clientId']}:{self.agent['clientSecret']}".encode()).decode()
        return self.server.post("/oauth2/token", form, Authorization=f"Basic {basic}")["access_token"]

    def sets_status(self, agent, status):
        request = urllib.request.Request(
            f"{self.server.issuer}/agents/{agent}/status", json.dumps({"status": status, "reason": "the guide says so"}).encode(),
            {"Authorization": f"Bearer {self.admin}", "Content-Type": "application/json"}, method="PUT",
        )
        urllib.request.urlopen(request, timeout=10).close()

    def test_offline_it_takes_what_is_good_and_nothing_else(self):
        issuer = self.issuer
        good = {
            "a token": issuer.token(),
            "a token for several APIs": issuer.token(aud=["https://other.example.com", issuer.audience]),
            "a token for this capability alone": issuer.token(scope="resume:read"),
        }
        now = int(time.time())
        head, _, signature = issuer.token().split(".")
        bad = {
            "nothing": "",
            "no token": "a.b.c",
            "another API's": issuer.token(aud="https://other.example.com"),
            "nobody's": issuer.token(without=["aud"]),
            "one for the issuer": issuer.token(aud=issuer.url),
            "another issuer's": issuer.token(iss="https://other.example.com"),
            "one without an issuer": issuer.token(without=["iss"]),
            "an old one": issuer.token(exp=now - 3600, iat=now - 7200),
            "one without end": issuer.token(without=["exp"]),
            "one without an agent": issuer.token(without=["sub"]),
            "one without a client": issuer.token(without=["client_id"]),
            "one without an id": issuer.token(without=["jti"]),
            "one of another kind": issuer.token({"typ": "JWT"}),
            "one of no kind": issuer.token({"typ": None}),
            "one that lacks the scope": issuer.token(scope="resume:score"),
            "one whose scope merely begins so": issuer.token(scope="resume:readonly"),
            "one without scope": issuer.token(without=["scope"]),
            "one without a signature": issuer.token(algorithm="none"),
            "one signed with the public key": issuer.with_public_key_as_secret(),
            "one signed with another key of that name": issuer.token(key=ec.generate_private_key(ec.SECP256R1())),
            "one whose payload was exchanged": ".".join((head, issuer.token(scope="resume:read").split(".")[1], signature)),
            "one signed with a key that is not published": issuer.token({"kid": "unheard-of"}),
        }
        program = self.program("verify", issuer.url, issuer.audience)
        for what, token in (good | bad).items():
            with self.subTest(what):
                expected = f"accepted: {AGENT}" if what in good else "refused: "
                self.assertTrue(f"{program.says(token)} ".startswith(expected), f"{what}: expected {expected}")

    def test_offline_it_takes_a_token_of_the_next_key_without_a_restart(self):
        program = self.program("verify", self.issuer.url, self.issuer.audience)
        self.assertEqual(program.says(self.issuer.token()), f"accepted: {AGENT}")
        self.issuer.rotate("second")
        time.sleep(COOLDOWN[self.name])
        self.assertEqual(program.says(self.issuer.token()), f"accepted: {AGENT}")

    def test_an_agent_that_is_suspended_is_refused_by_introspection_at_once_and_offline_when_its_token_expires(self):
        server, agent = self.server, self.agent["clientId"]
        audience = f"{server.issuer}/resources/default"
        offline = self.program("verify", server.issuer, audience)
        introspection = self.program("introspect", server.issuer, audience)
        accepted = f"accepted: {agent}"
        token, narrow, other = (
            self.token_of_the_agent(), self.token_of_the_agent(scope="resume:read"), self.token_of_the_agent(scope="mail:send"),
        )
        for good in (token, narrow):
            self.assertEqual((offline.says(good), introspection.says(good)), (accepted, accepted))
        for bad in (other, "no token", self.admin):
            self.assertTrue(offline.says(bad).startswith("refused"))
            self.assertEqual(introspection.says(bad), "refused")
        elsewhere = self.program("introspect", server.issuer, "https://other.example.com")
        self.assertEqual(elsewhere.says(token), "refused")

        self.sets_status(agent, "suspended")
        deadline = time.monotonic() + 5
        while introspection.says(token) != "refused":
            self.assertLess(time.monotonic(), deadline, "the guide says five seconds at the very most")
            time.sleep(0.1)
        self.assertEqual(offline.says(token), accepted)
        # The next test of this language finds it as this one did.
        self.sets_status(agent, "active")

    def test_the_guides_own_command_line_reads_a_file(self):
        with open(os.path.join(self.folder, "token.txt"), "w", encoding="utf-8") as file:
            file.write(self.token_of_the_agent() + "\n")
        settings = {
            "ISSUER": self.server.issuer, "AUDIENCE": f"{self.server.issuer}/resources/default",
            "CLIENT_ID": self.client["clientId"], "CLIENT_SECRET": self.client["clientSecret"],
        }
        self.assertEqual(len(self.chapter.runs), 2)
        for command in self.chapter.runs:
            self.assertEqual(self.runs(command, **settings).strip(), f"accepted: {self.agent['clientId']}", command)


def load_tests(loader, _tests, _pattern):
    cases = [
        type(re.sub(r"\W", "", name), (Language,), {"name": name, "title": f"the guide's {name}", "tools": TOOLS[name]})
        for name in os.environ["GUIDE_LANGUAGES"].split()
    ]
    return those_that_can_run(loader, cases)
