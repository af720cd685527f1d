"""Starts a server, has Schemathesis judge it, and holds the findings against exceptions.toml.

Run by scripts/schemathesis/run.
"""

import base64
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
import uuid

from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# The judge asks more in a minute than anybody may, and a 429 would hide what it is looking for.
UNLIMITED = {
    "AGENTIDP_CLIENT_LIMIT_PER_MINUTE": "6000000",
    "AGENTIDP_CLIENT_LIMIT_BURST": "1000000",
    "AGENTIDP_ADDRESS_LIMIT_PER_MINUTE": "6000000",
    "AGENTIDP_ADDRESS_LIMIT_BURST": "1000000",
    "AGENTIDP_HASH_LIMIT_PER_MINUTE": "6000000",
}
SCOPES = "agents:read agents:write credentials:write tokens:introspect tokens:revoke audit:read idp:admin"


def subjects(server):
    """Agents and tokens for the requests to be about."""
    agents = [server.register(f"subject-{n:03}@example.com", ["resume:read"]) for n in range(30)]
    return {
        # A secret names its credential.
        "operator": [server.operator[0], str(uuid.UUID(server.operator[1].split("_")[1]))],
        "agents": [{"id": agent["clientId"], "credential": agent["id"]} for agent in agents],
        "tokens": [server.token("agents:read") for _ in range(20)],
    }


class Finding(collections.namedtuple("Finding", "operation check status answer request title")):
    """A check that failed on one answer."""


def findings(report):
    """What the report of a run says: how many requests there were, which operations were fulfilled, what failed."""
    requests, fulfilled, found, ended = 0, set(), [], False
    with open(report, encoding="utf-8") as events:
        for line in events:
            ((name, event),) = json.loads(line).items()
            if name in ("NonFatalError", "FatalError", "Interrupted"):
                sys.exit(f"Schemathesis failed: {json.dumps(event)[:2000]}")
            ended |= name == "EngineFinished" and event["stop_reason"] in ("completed", "max_time")
            if name != "ScenarioFinished":
                continue
            recorder = event["recorder"]
            for case, exchange in recorder.get("interactions", {}).items():
                requests += 1
                value = recorder["cases"][case]["value"]
                operation = f"{value['method']} {value['path']}"
                request, response = exchange["request"], exchange["response"]
                if response is None:
                    found.append(Finding(operation, "no answer", 0, "", said(request, "body"), "The server did not answer"))
                    continue
                if response["status_code"] < 300:
                    fulfilled.add(operation)
                for check in recorder["checks"].get(case, []):
                    if check["status"] == "failure":
                        failure = check["failure_info"]["failure"]
                        found.append(
                            Finding(
                                operation,
                                check["name"],
                                response["status_code"],
                                said(response, "content"),
                                f"{request['method']} {request['uri']} {said(request, 'body')}",
                                failure["title"] + ": " + failure["message"],
                            )
                        )
    if not ended:
        sys.exit("Schemathesis did not come to its end")
    return requests, fulfilled, found


def said(message, member):
    """The body of a request or of an answer, as text."""
    octets = (message.get(member) or {}).get("$base64", "")
    return base64.b64decode(octets).decode("utf-8", "replace")


def excuses(exception, finding):
    return (
        finding.operation in exception["operations"]
        and finding.check == exception["check"]
        and finding.status == exception["status"]
        and exception["says"] in finding.answer
    )


def judge(server, folder, name, specification, form_client, examples):
    """Runs Schemathesis on the operations of a specification; the path of its report."""
    report = os.path.join(folder, f"{name}.ndjson")
    environment = {
        **os.environ,
        "AGENTIDP_TOKEN": server.token(SCOPES),
        "AGENTIDP_CLIENT_ID": server.operator[0],
        "AGENTIDP_CLIENT_SECRET": server.operator[1],
        "AGENTIDP_FORM_CLIENT": json.dumps(form_client),
        "AGENTIDP_HOOKS": os.path.join(HERE, "hooks.py"),
        "AGENTIDP_SUBJECTS": os.path.join(folder, "subjects.json"),
    }
    path = os.path.join(folder, f"{name}.json")
    write(path, specification)
    command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--no-color"]
    command += ["--config-file", os.path.join(HERE, "schemathesis.toml"), "run", path, "--url", server.issuer]
    command += ["--max-examples", str(examples), "--report-ndjson-path", report]
    run = subprocess.run(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    # 1 says that there are findings, and those are held against the exceptions here.
    if run.returncode not in (0, 1):
        sys.exit(run.stdout)
    return report


def with_clients_in_forms(specification):
    """The operations that take a client's credentials in the form, as this one way alone would declare them."""
    public = json.loads(json.dumps(specification))
    public["paths"] = {
        path: {method: operation | {"security": []} for method, operation in item.items()}
        for path, item in public["paths"].items()
        if any("x-client-authentication" in operation for operation in item.values())
    }
    return public


def operations_of(specification):
    """Every operation, as method and path."""
    return {f"{method.upper()} {path}" for path, item in specification["paths"].items() for method in item}


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def main():
    examples = 1000 if sys.argv[1:] == ["--full"] else 100
    began = time.monotonic()
    with open(os.path.join(HERE, "exceptions.toml"), "rb") as file:
        exceptions = tomllib.load(file)["exception"]
    with open(os.path.join(ROOT, "generated", "openapi.json"), encoding="utf-8") as file:
        specification = json.load(file)
    with tempfile.TemporaryDirectory(prefix="agentidp-schemathesis-") as folder:
        server = Server(AGENTIDP_TOKEN_LIFETIME_SECONDS="86400", AGENTIDP_LOG="warn", **UNLIMITED)
        try:
            write(os.path.join(folder, "subjects.json"), subjects(server))
            client = {"client_id": server.operator[0], "client_secret": server.operator[1]}
            trials = [
                ("header", specification, {}),
                ("form", with_clients_in_forms(specification), client),
            ]
            reports = [findings(judge(server, folder, *trial, examples)) for trial in trials]
            server_said = server.said()
        finally:
            server.stop()
    requests = sum(report[0] for report in reports)
    unfulfilled = [
        f"{operation} (client in the {name})"
        for (name, judged, _), report in zip(trials, reports)
        for operation in sorted(operations_of(judged) - report[1])
    ]
    found = [finding for report in reports for finding in report[2]]

    failures = excused = 0
    used, unexcused = set(), {}
    for finding in found:
        matching = [number for number, exception in enumerate(exceptions) if excuses(exception, finding)]
        used.update((number, finding.operation) for number in matching)
        excused += bool(matching)
        if not matching:
            unexcused.setdefault((finding.operation, finding.check, finding.status), finding)
    for finding in unexcused.values():
        failures += 1
        print(f"\n{finding.operation}: {finding.check}, {finding.status}\n  {finding.title}")
        print(f"  request  {finding.request[:1000]}\n  answer   {finding.answer[:1000]}")
    for number, exception in enumerate(exceptions):
        for operation in exception["operations"]:
            if (number, operation) not in used:
                sometimes = exception.get("sometimes", False)
                failures += not sometimes
                judgement = "not needed this time" if sometimes else "not needed"
                print(f"{judgement}: {operation}: {exception['check']}, {exception['status']}, {exception['says']}")
    for operation in unfulfilled:
        failures += 1
        print(f"never fulfilled: {operation}")
    for line in server_said.splitlines():
        if " ERROR " in line or "panicked" in line:
            failures += 1
            print(f"the server's log: {line}")
    print(f"==> {requests} requests, {excused} findings excused by {len(exceptions)} exceptions")
    print(f"Ran {len(operations_of(specification))} tests in {time.monotonic() - began:.0f} s")
    if failures:
        print(f"FAILED (failures={failures})")
        sys.exit(1)


main()
