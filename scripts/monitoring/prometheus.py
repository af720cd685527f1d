"""A real Prometheus beside a real server, and what the dashboards ask it."""

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from server import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(ROOT, "deploy")
# What Grafana puts in the place of its own words.
GRAFANA = {"$__rate_interval": "10s", "$instance": ".*", "$__all": ".*"}


def dashboard(name):
    with open(os.path.join(DEPLOY, "grafana", name), encoding="utf-8") as file:
        return json.load(file)


def expression(target):
    """What a target of a panel asks, as Grafana would ask it."""
    text = target["expr"]
    for word, value in GRAFANA.items():
        text = text.replace(word, value)
    return text


class Prometheus:
    """A Prometheus that asks one server, every half second, and judges the alerts."""

    def __init__(self, target):
        self.folder = tempfile.TemporaryDirectory(prefix="agentidp-prometheus-")
        with open(os.path.join(DEPLOY, "prometheus", "prometheus.yml"), encoding="utf-8") as file:
            text = file.read()
        # As it is deployed, but for the address and the patience.
        text = text.replace("127.0.0.1:9464", target).replace("15s", "500ms")
        text = text.replace("agentidp.rules.yml", os.path.join(DEPLOY, "prometheus", "agentidp.rules.yml"))
        with open(os.path.join(self.folder.name, "prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(text)
        address = f"127.0.0.1:{free_port()}"
        self.base = f"http://{address}"
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder.name}/prometheus.yml", f"--web.listen-address={address}",
             f"--storage.tsdb.path={self.folder.name}/data", "--log.level=warn"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def api(self, path, **parameters):
        url = f"{self.base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            # One that is still starting says so in words.
            if refusal.code == 503:
                raise
            return json.load(refusal)

    def query(self, expression, over=None):
        """What the expression is now, or was `over` a time (its begin, its end and the step between, in seconds)."""
        if over is None:
            answer = self.api("query", query=expression)
        else:
            start, end, step = over
            answer = self.api("query_range", query=expression, start=start, end=end, step=step)
        assert answer["status"] == "success", f"{expression}: {answer}"
        return answer["data"]["result"]

    def wait_for(self, expression, seconds=60):
        """Waits until the expression has an answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = self.query(expression)
                if found:
                    return found
            except OSError:
                pass
            time.sleep(0.2)
        self.log.seek(0)
        raise AssertionError(f"{expression} has no answer\n{self.log.read()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()
