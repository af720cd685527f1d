"""The Python client that openapi-generator makes from openapi.yaml, used as its users would, on the running server.

Run by scripts/clients/test, which makes and installs the client and says in AGENTIDP_BIN which binary to start.
"""

import itertools
import json
import unittest
import uuid
from datetime import datetime, timedelta, timezone

import agentidp_client as idp
from agentidp_client.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
)
from pydantic import ValidationError
from server import Server

RESOURCES = ["https://resumes.example.com/", "https://jobs.example.com/"]
ADMIN = "agents:read agents:write credentials:write audit:read idp:admin"
HOUR = timedelta(hours=1)


class Client:
    """The generated client of one agent: with its secret at the token endpoints, with its token elsewhere."""

    def __init__(self, server, client_id, client_secret, scope=None):
        settings = idp.Configuration(host=server.issuer, username=client_id, password=client_secret)
        connection = idp.ApiClient(settings)
        self.agents = idp.AgentsApi(connection)
        self.credentials = idp.CredentialsApi(connection)
        self.tokens = idp.TokensApi(connection)
        self.audit = idp.AuditApi(connection)
        if scope is not None:
            settings.access_token = self.tokens.issue_token("client_credentials", scope=scope).access_token


class GeneratedPythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(AGENTIDP_ALLOWED_RESOURCES=",".join(RESOURCES))
        cls.addClassCleanup(cls.server.stop)
        cls.operator = Client(cls.server, *cls.server.operator, scope=ADMIN)
        cls.numbers = itertools.count()

    def registered(self, **more):
        """A new agent, as the answer to its registration."""
        agent = {
            "email": f"screener-{next(self.numbers):03}@example.com",
            "agent_type": "screener",
            "version": "v1.0.0",
            "capabilities": ["resume:read", "resume:score"],
            "deployment_env": idp.DeploymentEnv.STAGING,
        }
        return self.operator.agents.register_agent(idp.NewAgent(**agent | more))

    def client_of(self, registration, scope=None):
        credential = registration.credential
        return Client(self.server, str(credential.client_id), credential.client_secret, scope)

    def refusal(self, exception, call, *arguments, **named):
        """What the server says, typed, when it refuses a call with this exception."""
        with self.assertRaises(exception) as refused:
            call(*arguments, **named)
        return refused.exception.data

    def test_an_operator_registers_an_agent_and_reads_typed_values(self):
        until = datetime.now(timezone.utc).replace(microsecond=0) + HOUR
        made = self.registered(metadata={"region": "eu-west-1", "nothing": None}, valid_until=until)
        agent = made.agent
        self.assertIsInstance(agent.id, uuid.UUID)
        self.assertIs(agent.status, idp.AgentStatus.ACTIVE)
        self.assertIs(agent.deployment_env, idp.DeploymentEnv.STAGING)
        self.assertEqual(agent.created_at.utcoffset(), timedelta(0))
        self.assertEqual(agent.valid_until, until)
        self.assertEqual(agent.metadata, {"region": "eu-west-1", "nothing": None})
        self.assertIsNone(agent.last_auth_at)
        self.assertEqual(made.credential.client_id, agent.id)
        self.assertEqual(self.operator.agents.get_agent(agent.id), agent)

    def test_a_new_agent_is_closed_on_the_clients_side_too(self):
        with self.assertRaises(ValidationError):
            self.registered(email="no address at all" * 30)
        with self.assertRaises(ValidationError):
            self.registered(agent_type="Not A Slug")
        with self.assertRaises(ValidationError):
            self.registered(deployment_env="moon")

    def test_an_idempotency_key_registers_once(self):
        key = str(uuid.uuid4())
        new = idp.NewAgent(
            email="once@example.com",
            agent_type="screener",
            version="v1.0.0",
            capabilities=[],
            deployment_env=idp.DeploymentEnv.DEVELOPMENT,
        )
        first = self.operator.agents.register_agent(new, idempotency_key=key)
        self.assertEqual(self.operator.agents.register_agent(new, idempotency_key=key), first)

    def test_an_agent_gets_a_token_by_either_way_of_authentication(self):
        made = self.registered()
        secret = made.credential
        basic = self.client_of(made).tokens.issue_token("client_credentials", scope="resume:read")
        self.assertIs(basic.token_type, idp.TokenType.BEARER)
        self.assertEqual(basic.expires_in, 900)
        self.assertEqual(basic.scope or "resume:read", "resume:read")
        nobody = idp.TokensApi(idp.ApiClient(idp.Configuration(host=self.server.issuer)))
        post = nobody.issue_token(
            "client_credentials", client_id=str(secret.client_id), client_secret=secret.client_secret
        )
        self.assertEqual(post.scope, "resume:read resume:score")

    def test_a_token_may_be_for_several_resources(self):
        tokens = self.client_of(self.registered()).tokens
        token = tokens.issue_token("client_credentials", scope="resume:read", resource=RESOURCES)
        self.assertEqual(sorted(tokens.introspect_token(token.access_token).aud), sorted(RESOURCES))

    def test_an_operator_lists_agents_page_by_page(self):
        kind = "paged"
        made = [self.registered(agent_type=kind).agent.id for _ in range(5)]
        seen, cursor = [], None
        while True:
            page = self.operator.agents.list_agents(agent_type=kind, limit=2, cursor=cursor)
            seen += [agent.id for agent in page.items]
            self.assertLessEqual(len(page.items), 2)
            cursor = page.next_cursor
            if cursor is None:
                break
        self.assertEqual(seen, made[::-1])

    def test_an_agent_that_did_not_change_is_not_sent_again(self):
        agent = self.registered().agent
        etag = self.operator.agents.get_agent_with_http_info(agent.id).headers["etag"]
        with self.assertRaises(ApiException) as answer:
            self.operator.agents.get_agent(agent.id, if_none_match=etag)
        self.assertEqual(answer.exception.status, 304)

    def test_an_operator_changes_only_the_version_that_was_seen(self):
        agent = self.registered(metadata={"region": "eu-west-1", "team": "scoring"}).agent
        seen = self.operator.agents.get_agent_with_http_info(agent.id).headers["etag"]
        patch = idp.AgentPatch(version="v1.1.0", metadata={"region": None})
        changed = self.operator.agents.update_agent_with_http_info(agent.id, patch, if_match=seen)
        self.assertEqual(changed.data.version, "v1.1.0")
        self.assertEqual(changed.data.metadata, {"team": "scoring"})
        self.assertNotEqual(changed.headers["etag"], seen)
        error = self.refusal(ApiException, self.operator.agents.update_agent, agent.id, patch, if_match=seen)
        self.assertIs(error.code, idp.ErrorCode.PRECONDITION_FAILED)

    def test_null_takes_away_and_absent_leaves(self):
        until = datetime.now(timezone.utc) + HOUR
        agent = self.registered(metadata={"region": "eu-west-1"}, valid_until=until).agent
        patched = self.operator.agents.update_agent(agent.id, idp.AgentPatch(valid_until=None))
        self.assertIsNone(patched.valid_until)
        self.assertEqual(patched.metadata, {"region": "eu-west-1"})
        self.assertIsNone(self.operator.agents.update_agent(agent.id, idp.AgentPatch(metadata=None)).metadata)

    def test_a_rotated_credential_lives_on_for_the_grace_period(self):
        made = self.registered()
        old = self.client_of(made)
        rotation = idp.Rotation(grace_period_seconds=60)
        new = self.operator.credentials.rotate_credential(made.agent.id, made.credential.id, rotation)
        self.assertEqual(new.rotated_from, made.credential.id)
        for client in (old, Client(self.server, str(new.client_id), new.client_secret)):
            self.assertTrue(client.tokens.issue_token("client_credentials").access_token)
        listed = self.operator.credentials.list_credentials(made.agent.id).items
        self.assertEqual([one.id for one in listed], [new.id, made.credential.id])
        self.assertTrue(all(one.status is idp.CredentialStatus.ACTIVE for one in listed))

    def test_an_agent_rotates_its_own_credential(self):
        made = self.registered()
        client = self.client_of(made, scope="self:rotate")
        new = client.credentials.rotate_credential(made.agent.id, made.credential.id, idp.Rotation())
        self.refusal(UnauthorizedException, client.tokens.issue_token, "client_credentials")
        self.assertTrue(Client(self.server, str(new.client_id), new.client_secret, scope="self:read").agents)

    def test_a_revoked_credential_proves_nothing(self):
        made = self.registered()
        issued = self.operator.credentials.issue_credential(made.agent.id, idp.NewCredential(label="blue"))
        self.assertEqual(issued.label, "blue")
        self.assertIsNone(self.operator.credentials.revoke_credential(made.agent.id, issued.id))
        seen = self.operator.credentials.get_credential(made.agent.id, issued.id)
        self.assertIs(seen.status, idp.CredentialStatus.REVOKED)
        client = Client(self.server, str(issued.client_id), issued.client_secret)
        error = self.refusal(UnauthorizedException, client.tokens.issue_token, "client_credentials")
        self.assertIs(error.error, idp.OAuthErrorCode.INVALID_CLIENT)

    def test_a_revoked_token_is_not_active(self):
        made = self.registered()
        tokens = self.client_of(made).tokens
        token = tokens.issue_token("client_credentials").access_token
        seen = tokens.introspect_token(token, token_type_hint="access_token")
        self.assertTrue(seen.active)
        self.assertEqual(seen.sub, made.agent.id)
        self.assertIs(seen.deployment_env, idp.DeploymentEnv.STAGING)
        self.assertIsNone(tokens.revoke_token(token))
        self.assertEqual(tokens.introspect_token(token), idp.IntrospectionResponse(active=False))

    def test_a_suspended_agent_gets_no_token_until_it_is_reactivated(self):
        made = self.registered()
        client = self.client_of(made)
        change = idp.StatusChange(status=idp.AgentStatus.SUSPENDED, reason="its owner is on leave")
        suspended = self.operator.agents.change_agent_status(made.agent.id, change)
        self.assertIs(suspended.status, idp.AgentStatus.SUSPENDED)
        self.refusal(UnauthorizedException, client.tokens.issue_token, "client_credentials")
        change = idp.StatusChange(status=idp.AgentStatus.ACTIVE, reason="its owner is back")
        self.operator.agents.change_agent_status(made.agent.id, change)
        self.assertTrue(client.tokens.issue_token("client_credentials").access_token)

    def test_a_decommissioned_agent_is_archived(self):
        agent = self.registered().agent
        self.assertIsNone(self.operator.agents.decommission_agent(agent.id))
        self.assertIs(self.operator.agents.get_agent(agent.id).status, idp.AgentStatus.ARCHIVED)

    def test_the_audit_log_says_who_did_what(self):
        before = datetime.now(timezone.utc) - HOUR
        made = self.registered()
        found = self.operator.audit.list_audit_events(
            agent_id=made.agent.id,
            action=idp.AuditAction.AGENT_REGISTERED,
            outcome=idp.AuditOutcome.SUCCESS,
            from_=before,
            to=datetime.now(timezone(2 * HOUR)) + HOUR,
        ).items
        self.assertEqual([event.action for event in found], [idp.AuditAction.AGENT_REGISTERED])
        event = self.operator.audit.get_audit_event(found[0].id)
        self.assertEqual(event, found[0])
        self.assertEqual(str(event.actor.agent_id), self.server.operator[0])
        self.assertIs(event.actor.method, idp.AuditMethod.BEARER)
        self.assertGreater(event.time, before)
        self.assertEqual(event.data["email"], made.agent.email)

    def test_an_export_is_lines_of_json(self):
        beginning, first, *_ = self.operator.audit.export_audit_events().splitlines()
        self.assertIn("treeSize", json.loads(beginning))
        self.assertIn("leafIndex", json.loads(first))

    def test_refusals_are_typed(self):
        error = self.refusal(NotFoundException, self.operator.agents.get_agent, uuid.uuid4())
        self.assertIs(error.code, idp.ErrorCode.AGENT_NOT_FOUND)
        self.assertTrue(error.request_id)
        taken = self.registered().agent.email
        error = self.refusal(ConflictException, self.registered, email=taken)
        self.assertIs(error.code, idp.ErrorCode.AGENT_ALREADY_EXISTS)
        past = datetime.now(timezone.utc) - HOUR
        error = self.refusal(BadRequestException, self.registered, valid_until=past)
        (violation,) = error.details.violations
        self.assertIs(violation.in_, idp.ViolationLocation.BODY)
        self.assertEqual((violation.path, violation.rule), ("/validUntil", "future"))
        weak = self.client_of(self.registered(), scope="self:read")
        error = self.refusal(ForbiddenException, weak.agents.list_agents)
        self.assertIs(error.code, idp.ErrorCode.AUTHORIZATION_ERROR)
        error = self.refusal(BadRequestException, weak.tokens.issue_token, "password")
        self.assertIs(error.error, idp.OAuthErrorCode.UNSUPPORTED_GRANT_TYPE)
        nobody = idp.AgentsApi(idp.ApiClient(idp.Configuration(host=self.server.issuer)))
        with self.assertRaises(UnauthorizedException) as refused:
            nobody.list_agents()
        self.assertEqual(refused.exception.headers["WWW-Authenticate"], 'Bearer realm="agentidp"')

    def test_what_is_public_needs_no_client(self):
        connection = idp.ApiClient(idp.Configuration(host=self.server.issuer))
        discovery = idp.DiscoveryApi(connection)
        metadata = discovery.get_server_metadata()
        self.assertEqual(metadata, discovery.get_openid_configuration())
        self.assertEqual(metadata.issuer, self.server.issuer)
        (key,) = [key for key in discovery.get_jwks().keys if key.use is idp.KeyUse.SIG][:1]
        self.assertIs(key.alg, idp.SigningAlgorithm.ES256)
        health = idp.HealthApi(connection).get_readiness()
        self.assertIs(health.status, idp.HealthStatus.OK)
        self.assertIn(idp.HealthCheckName.DATABASE, [check.name for check in health.checks])
        documentation = idp.DocumentationApi(connection)
        self.assertEqual(documentation.get_openapi_json()["openapi"], "3.0.3")
        self.assertTrue(documentation.get_openapi_yaml().startswith("openapi: 3.0.3\n"))


if __name__ == "__main__":
    unittest.main()
