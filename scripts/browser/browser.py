"""A program of this folder that drives the browser, from Python, which has the server."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def in_browser(program, server, **more):
    """Runs it on a server whose operator it is; what it writes as JSON."""
    client = dict(zip(("id", "secret"), server.operator))
    job = json.dumps({"origin": server.issuer, "client": client, **more})
    done = subprocess.run(["node", os.path.join(HERE, program)], input=job, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
