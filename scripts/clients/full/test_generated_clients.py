"""The clients that openapi-generator makes from openapi.yaml, in every language. Each is made, built by its language's own tools,
and used on the running server by the program in scripts/clients/LANGUAGE, which must see what all the others do.

Run by scripts/clients/test --full, which says in AGENTIDP_BIN which binary to start.
"""

import os
import subprocess
import sys
import unittest

from languages import environment, those_that_can_run
from later import LaterServer
from server import Server

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SOURCES = "scripts/clients"
MADE = "target/generated-clients"

SEEN = """\
token: Bearer for 900 s, agents:read agents:write audit:read credentials:write
registered: screener-5@example.com, active in staging, resume:read resume:score, Zürich
listed: screener-5@example.com screener-4@example.com | screener-3@example.com screener-2@example.com | screener-1@example.com
changed: v1.1.0, 1 of metadata, Zürich
the agent's token: resume:read resume:score
introspected: true, resume:read resume:score, screener in staging
rotated: both secrets get a token
suspended: 401 invalid_client
its token: false
audit: agent.registered agent.suspended agent.updated credential.issued credential.rotated token.issued token.issued token.issued
texts and bytes: openapi: 3.0.3
nobody: 404 AGENT_NOT_FOUND
"""


class Client:
    """What every language must do; each is a class below."""

    # What it takes beside what the whole suite does.
    tools = []
    builds = []

    @classmethod
    def setUpClass(cls):
        cls.done([f"{SOURCES}/make", cls.language])
        for command in cls.builds:
            cls.done(command)

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    @classmethod
    def run_here(cls, command, **more):
        return subprocess.run(
            command, cwd=ROOT, env=environment(**more), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            check=False, timeout=1800,
        )

    @classmethod
    def done(cls, command):
        ran = cls.run_here(command)
        if ran.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\n{ran.stdout}{ran.stderr}")

    def used(self, issuer, client_secret):
        """What the program did in a locale that knows ASCII alone, after nothing in its output was found secret."""
        client_id = self.server.operator[0]
        ran = self.run_here(self.runs, ISSUER=issuer, CLIENT_ID=client_id, CLIENT_SECRET=client_secret, LC_ALL="C")
        printed = ran.stdout + ran.stderr
        for secret in (client_secret, "sas_", "eyJ"):
            self.assertFalse(secret in printed, "it prints a secret or a token")
        return ran

    def sees_all(self, issuer):
        ran = self.used(issuer, self.server.operator[1])
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertEqual(ran.stdout, SEEN)

    def test_it_does_what_its_users_do(self):
        self.sees_all(self.server.issuer)

    def test_what_a_later_server_says_more_is_no_fault(self):
        later = LaterServer(self.server.issuer)
        self.addCleanup(later.stop)
        self.sees_all(later.issuer)

    def test_whose_secret_is_wrong_is_told_so(self):
        ran = self.used(self.server.issuer, "not-the-secret")
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(ran.stdout, "")
        self.assertIn("401", ran.stderr)


class Python(Client, unittest.TestCase):
    language, title = "python", "the client in Python"
    # scripts/clients/test has installed it.
    runs = [sys.executable, "-B", f"{SOURCES}/python/main.py"]


class TypeScript(Client, unittest.TestCase):
    language, title = "typescript", "the client in TypeScript"
    tools = ["node", "npm"]
    place = f"{MADE}/typescript-used"
    builds = [
        ["scripts/npm-install", f"{SOURCES}/typescript", place],
        [f"{place}/node_modules/.bin/tsc", "--project", f"{SOURCES}/typescript"],
    ]
    runs = ["node", f"{place}/out/{SOURCES}/typescript/main.js"]


class Go(Client, unittest.TestCase):
    language, title = "go", "the client in Go"
    tools = ["go"]
    program = os.path.join(ROOT, MADE, "go-used")
    builds = [
        ["go", "-C", f"{MADE}/go", "vet", "./..."],
        ["go", "-C", f"{SOURCES}/go", "build", "-trimpath", "-o", program, "."],
    ]
    runs = [program]


class Java(Client, unittest.TestCase):
    language, title = "java", "the client in Java"
    tools = ["java", "javac", "mvn"]
    target = f"{MADE}/java/target"
    # Its own build puts beside it what it needs, so the program takes no more than a class path.
    builds = [
        ["mvn", "--batch-mode", "--quiet", "--file", f"{MADE}/java", "-Dmaven.javadoc.skip", "-Dmaven.source.skip", "package"],
    ]
    runs = ["java", "-cp", f"{target}/agentidp-client-0.1.0.jar:{target}/lib/*", f"{SOURCES}/java/Main.java"]


class Rust(Client, unittest.TestCase):
    language, title = "rust", "the client in Rust"
    tools = ["cargo"]
    target = f"{MADE}/rust-target"
    builds = [
        ["cargo", "build", "--quiet", "--locked", "--manifest-path", f"{SOURCES}/rust/Cargo.toml", "--target-dir", target],
    ]
    runs = [f"{target}/debug/used"]


def load_tests(loader, _tests, _pattern):
    return those_that_can_run(loader, [Python, TypeScript, Go, Java, Rust])


if __name__ == "__main__":
    unittest.main()
