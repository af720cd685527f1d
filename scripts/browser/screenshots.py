"""Makes the pictures in the documents; scripts/browser/screenshots says how it is run."""

import math
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

import dashboard
import prometheus
from browser import in_browser
from server import Server, free_port

# For how long the server is watched, in seconds.
WATCHED = 150


def contract_tests(server, report):
    """The whole of the program's run."""
    identity, secret = server.operator
    environment = {**os.environ, "AGENTIDP_TEST_CLIENT_SECRET": secret}
    subprocess.run(
        [os.environ["CONTRACT_TESTS_BIN"], "--plain", "--base-url", server.issuer, "--client-id", identity, "--report", report],
        env=environment, stdout=subprocess.DEVNULL, check=True)


def traffic(server, over):
    """Agents that ask for tokens, now more and now less, and that are refused now and then."""
    agents = [server.register(f"screener-{number:03}@example.com", ["resume:read", "resume:score"]) for number in range(1, 6)]
    begin = time.monotonic()
    count = 0
    while not over.is_set():
        count += 1
        agent = agents[count % len(agents)]
        secret, asked = agent["clientSecret"], {"scope": "resume:read"}
        if count % 29 == 0:
            secret = "wrong"
        if count % 37 == 0:
            asked = {"scope": "resume:delete"}
        try:
            server.grant((agent["clientId"], secret), **asked)
        except urllib.error.HTTPError:
            pass
        wave = math.sin((time.monotonic() - begin) / 12)
        over.wait(0.06 - 0.04 * wave)


def watched(report):
    """The dashboard's page, of a server that has been busy, and the report of the contract tests that were a part of it."""
    target = f"127.0.0.1:{free_port()}"
    server = Server(AGENTIDP_METRICS_ADDRESS=target)
    watcher = prometheus.Prometheus(target)
    try:
        watcher.wait_for('up{job="agentidp"} == 1')
        over = threading.Event()
        busy = threading.Thread(target=traffic, args=(server, over))
        begin = time.time()
        busy.start()
        time.sleep(WATCHED / 4)
        contract_tests(server, report)
        time.sleep(max(0, begin + WATCHED - time.time()))
        end = time.time()
        over.set()
        busy.join()
        return dashboard.page(prometheus.dashboard("agentidp.json"), watcher, (begin + 10, end, 1))
    finally:
        watcher.stop()
        server.stop()


def main(directory):
    pictures = pathlib.Path(directory).resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agentidp-pictures-") as folder:
        pathlib.Path(folder, "dashboard.html").write_text(watched(folder), encoding="utf-8")
        server = Server()
        try:
            agent = server.register("screener-001@example.com", ["resume:read", "resume:score"])["clientId"]
            made = in_browser("screenshots.js", server, agent=agent, pages=folder, pictures=str(pictures))
        finally:
            server.stop()
    for picture in made:
        print(f"{picture}: {os.path.getsize(picture) // 1024} KB")


main(sys.argv[1])
