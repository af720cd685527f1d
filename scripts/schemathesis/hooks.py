"""Gives valid requests something real to be about, and keeps the judge from ending the operator it acts as.

A schema cannot say which agents there are, so without this most requests that are valid would end at 404 or 412.
"""

import itertools
import json
import os
import uuid

import schemathesis

# The credentials of the operator, in the run that sends them in the form.
FORM_CLIENT = json.loads(os.environ["AGENTIDP_FORM_CLIENT"])
FORMS = ("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke")

with open(os.environ["AGENTIDP_SUBJECTS"], encoding="utf-8") as file:
    SUBJECTS = json.load(file)
# The operator, its credential, and what stands for it where it would be harmed.
OPERATOR = set(SUBJECTS["operator"])
NOBODY = str(uuid.UUID(int=0))

turns = itertools.count()
agents = itertools.cycle(SUBJECTS["agents"])
tokens = itertools.cycle(SUBJECTS["tokens"])


@schemathesis.hook
def before_call(context, case, kwargs):
    if FORM_CLIENT and case.headers is not None:
        case.headers.pop("Authorization", None)
    path = case.path_parameters or {}
    for name, value in list(path.items()):
        if value in OPERATOR and case.method != "GET":
            path[name] = NOBODY
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or meta.phase.name.value == "stateful":
        return
    turn = next(turns)
    if "agentId" in path and turn % 4:
        agent = next(agents)
        path["agentId"] = agent["id"]
        if "credentialId" in path:
            path["credentialId"] = agent["credential"]
    if case.operation.path.startswith("/audit/tile/") and turn % 4:
        # The first event, which every log has.
        path["path"] = "000.p/1"
        if "level" in path:
            path["level"] = 0
    if case.headers and "If-Match" in case.headers and turn % 2:
        case.headers["If-Match"] = "*"
    if case.operation.path in FORMS and isinstance(case.body, dict) and turn % 4:
        if "token" in case.body and turn % 2:
            case.body["token"] = next(tokens)
        # An invented resource is none that the server knows, and a client authenticates in one way only.
        for name in ("resource", "client_id", "client_secret"):
            case.body.pop(name, None)
        case.body.update(FORM_CLIENT)
