"""The real binary on a fresh SQLite database, for the tests that come from outside. Needs nothing but Python.

AGENTIDP_BIN says which binary to start.
"""

import base64
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server, from its first operator to its end. `settings` are environment variables for it."""

    def __init__(self, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="agentidp-clients-")
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        environment = {
            "AGENTIDP_ENV": "test",
            "AGENTIDP_BIND": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": f"sqlite://{self.folder.name}/agentidp.db",
            "JWT_ISSUER": self.issuer,
            "AGENTIDP_MASTER_KEY": MASTER_KEY,
            **settings,
        }
        binary = os.environ["AGENTIDP_BIN"]
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        run = {"env": environment, "cwd": self.folder.name, "stderr": self.log}
        printed = subprocess.run([binary, "bootstrap", "--json"], stdout=subprocess.PIPE, check=True, **run).stdout
        operator = json.loads(printed)
        self.operator = (operator["clientId"], operator["clientSecret"])
        self.process = subprocess.Popen([binary, "serve"], stdout=self.log, **run)
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.issuer}/health/ready", timeout=2):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server did not become ready:\n{self.said()}")

    def said(self):
        """What the server has logged so far."""
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def post(self, path, body, **headers):
        """Sends a request and reads the JSON of its answer; any status but success is an `HTTPError`."""
        request = urllib.request.Request(f"{self.issuer}{path}", body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def grant(self, client, **more):
        """Asks for a token as a client, which is its id and its secret."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials", **more}).encode()
        basic = base64.b64encode(":".join(client).encode()).decode()
        return self.post("/oauth2/token", form, Authorization=f"Basic {basic}")

    def token(self, scope):
        """An access token of the operator."""
        return self.grant(self.operator, scope=scope)["access_token"]

    def register(self, email, capabilities):
        """Registers an agent as the operator; its first credential, with the secret."""
        agent = {
            "email": email,
            "agentType": "screener",
            "version": "1.0.0",
            "capabilities": capabilities,
            "deploymentEnv": "development",
        }
        headers = {"Authorization": f"Bearer {self.token('agents:write')}", "Content-Type": "application/json"}
        return self.post("/agents", json.dumps(agent).encode(), **headers)["credential"]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()
