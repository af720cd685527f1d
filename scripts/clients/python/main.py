"""The Python client that openapi-generator makes from openapi.yaml, used as its users would: on the server at ISSUER, by the
operator whose CLIENT_ID and CLIENT_SECRET are given. It prints what it saw, and fails at the first thing that is not as it
should be.

Run by scripts/clients/full/test_generated_clients.py, which knows what is to be seen.
"""

import os
import sys
from datetime import datetime, timedelta, timezone

import agentidp_client as idp
from agentidp_client.exceptions import NotFoundException, UnauthorizedException

ADMIN = "agents:read agents:write credentials:write audit:read"
HOUR = timedelta(hours=1)


def check(held, otherwise):
    if not held:
        sys.exit(otherwise)


def refusal(exception, call, *arguments, **named):
    """The error that a call ended with."""
    try:
        call(*arguments, **named)
    except exception as refused:
        return refused
    sys.exit("not refused")


def proving(client_id, client_secret):
    """A client that proves itself by its secret at the token endpoints, and elsewhere by its token once it has one."""
    return idp.ApiClient(
        idp.Configuration(host=os.environ["ISSUER"], username=str(client_id), password=client_secret)
    )


def token(client, scope=None):
    return idp.TokensApi(client).issue_token("client_credentials", scope=scope)


operator = proving(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
issued = token(operator, ADMIN)
print(f"token: {issued.token_type.value} for {issued.expires_in} s, {issued.scope}")
operator.configuration.access_token = issued.access_token
agents, audit = idp.AgentsApi(operator), idp.AuditApi(operator)

hour = datetime.now(timezone.utc) + HOUR
for number in range(1, 6):
    made = agents.register_agent(
        idp.NewAgent(
            email=f"screener-{number}@example.com",
            agent_type="screener",
            version="v1.0.0",
            capabilities=["resume:read", "resume:score"],
            deployment_env=idp.DeploymentEnv.STAGING,
            metadata={"region": "eu-west-1", "team": "Zürich"},
            valid_until=hour,
        )
    )
agent, credential = made.agent, made.credential
check(abs(agent.valid_until - hour) <= timedelta(milliseconds=1), f"valid until {agent.valid_until}, not {hour}")
print(
    f"registered: {agent.email}, {agent.status.value} in {agent.deployment_env.value},",
    f"{' '.join(agent.capabilities)}, {agent.metadata['team']}",
)

pages, cursor = [], None
while True:
    page = agents.list_agents(q="screener-", status=idp.AgentStatus.ACTIVE, limit=2, cursor=cursor)
    pages.append(" ".join(agent.email for agent in page.items))
    cursor = page.next_cursor
    if cursor is None:
        break
print(f"listed: {' | '.join(pages)}")

patch = idp.AgentPatch(version="v1.1.0", metadata={"region": None}, valid_until=None)
changed = agents.update_agent(agent.id, patch)
check(changed.valid_until is None, f"it is still valid until {changed.valid_until}")
print(f"changed: {changed.version}, {len(changed.metadata)} of metadata, {changed.metadata['team']}")

myself = proving(credential.client_id, credential.client_secret)
resume = token(myself)
print(f"the agent's token: {resume.scope}")

seen = idp.TokensApi(myself).introspect_token(resume.access_token)
check(seen.sub == agent.id, f"it is the token of {seen.sub}")
print(f"introspected: {str(seen.active).lower()}, {seen.scope}, {seen.agent_type} in {seen.deployment_env.value}")

rotation = idp.Rotation(grace_period_seconds=3600)
new = idp.CredentialsApi(operator).rotate_credential(agent.id, credential.id, rotation)
check(new.rotated_from == credential.id, f"it is the successor of {new.rotated_from}")
token(myself)
myself = proving(new.client_id, new.client_secret)
resume = token(myself)
print("rotated: both secrets get a token")

change = idp.StatusChange(status=idp.AgentStatus.SUSPENDED, reason="its owner is on leave")
suspended = agents.change_agent_status(agent.id, change)
refused = refusal(UnauthorizedException, token, myself)
print(f"{suspended.status.value}: {refused.status} {refused.data.error.value}")
print(f"its token: {str(idp.TokensApi(operator).introspect_token(resume.access_token).active).lower()}")

east = timezone(2 * HOUR)
events = audit.list_audit_events(
    agent_id=agent.id,
    outcome=idp.AuditOutcome.SUCCESS,
    from_=(hour - 2 * HOUR).astimezone(east),
    to=hour.astimezone(east),
    limit=100,
)
print(f"audit: {' '.join(sorted(event.action.value for event in events.items))}")

checkpoint = audit.get_audit_checkpoint()
size = int(checkpoint.split("\n")[1])
check("\n— " in checkpoint, f"no checkpoint: {checkpoint}")
tile = audit.get_audit_tile(0, f"000.p/{size}")
check(len(tile) == 32 * size, f"a tile of {size} hashes has {len(tile)} bytes")
export = audit.export_audit_events()
check('\n{"leafIndex":' in export, f"no export: {export}")
document = idp.DocumentationApi(operator).get_openapi_yaml()
first = document.split("\n")[0]
print(f"texts and bytes: {first}")

missing = refusal(NotFoundException, agents.get_agent, "00000000-0000-7000-8000-000000000000")
print(f"nobody: {missing.status} {missing.data.code.value}")
