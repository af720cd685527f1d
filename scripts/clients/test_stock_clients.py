"""Stock OAuth libraries against the running server: they configure themselves from the metadata, get a token, verify it by
the published keys, and introspect it. Nothing here is made for AgentIdP but the registration of an agent.

Run by scripts/clients/test, which says in AGENTIDP_BIN which binary to start.
"""

import os
import unittest

# The libraries insist on TLS unless told that this is a test; the server under test is on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidScopeError
from requests_oauthlib import OAuth2Session as RequestsSession
from server import Server

RESOURCE = "https://resumes.example.com/"


class StockClients(unittest.TestCase):
    algorithm = "ES256"

    @classmethod
    def setUpClass(cls):
        cls.server = Server(JWT_ALGORITHM=cls.algorithm, AGENTIDP_ALLOWED_RESOURCES=RESOURCE)
        cls.addClassCleanup(cls.server.stop)
        credential = cls.server.register("screener-001@example.com", ["resume:read", "resume:score"])
        cls.client_id, cls.client_secret = credential["clientId"], credential["clientSecret"]
        url = get_well_known_url(cls.server.issuer, external=True)
        cls.metadata = AuthorizationServerMetadata(requests.get(url, timeout=10).json())

    def verified(self, token, audience):
        """The claims of a token, after PyJWT has verified it as RFC 9068 section 4 says."""
        key = jwt.PyJWKClient(self.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
        self.assertEqual(jwt.get_unverified_header(token)["typ"], "at+jwt")
        return jwt.decode(
            token,
            key,
            algorithms=[self.algorithm],
            audience=audience,
            issuer=self.metadata["issuer"],
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
        )

    def test_the_metadata_names_the_issuer_it_was_fetched_under(self):
        self.assertEqual(self.metadata["issuer"], self.server.issuer)

    def test_authlib_finds_fault_with_one_member_of_the_metadata(self):
        refused = {}
        for key in AuthorizationServerMetadata.REGISTRY_KEYS:
            try:
                getattr(self.metadata, f"validate_{key}")()
            except ValueError as error:
                refused[key] = str(error)
        self.assertEqual(refused, {})

    def test_authlib_gets_a_token_with_basic_authentication(self):
        session = AuthlibSession(self.client_id, self.client_secret, scope="resume:read")
        token = session.fetch_token(self.metadata["token_endpoint"], resource=RESOURCE)
        claims = self.verified(token["access_token"], RESOURCE)
        self.assertEqual((claims["sub"], claims["scope"]), (self.client_id, "resume:read"))

    def test_authlib_gets_a_token_with_its_secret_in_the_form(self):
        session = AuthlibSession(
            self.client_id, self.client_secret, token_endpoint_auth_method="client_secret_post"
        )
        token = session.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")
        claims = self.verified(token["access_token"], f"{self.server.issuer}/resources/default")
        self.assertEqual(claims["scope"], "resume:read resume:score")

    def test_authlib_introspects_a_token(self):
        session = AuthlibSession(self.client_id, self.client_secret)
        token = session.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")
        endpoint = self.metadata["introspection_endpoint"]
        seen = session.introspect_token(endpoint, token=token["access_token"]).json()
        self.assertEqual((seen["active"], seen["client_id"]), (True, self.client_id))
        self.assertEqual(session.introspect_token(endpoint, token="nothing").json(), {"active": False})

    def test_authlib_understands_a_refusal(self):
        session = AuthlibSession(self.client_id, "wrong")
        with self.assertRaises(OAuthError) as refusal:
            session.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")
        self.assertEqual(refusal.exception.error, "invalid_client")

    def test_requests_oauthlib_gets_a_token(self):
        session = RequestsSession(client=BackendApplicationClient(self.client_id, scope="resume:score"))
        token = session.fetch_token(self.metadata["token_endpoint"], auth=(self.client_id, self.client_secret))
        self.assertEqual(token["token_type"], "Bearer")
        claims = self.verified(token["access_token"], f"{self.server.issuer}/resources/default")
        self.assertEqual(claims["scope"], "resume:score")

    def test_requests_oauthlib_understands_a_refusal(self):
        session = RequestsSession(client=BackendApplicationClient(self.client_id, scope="idp:admin"))
        with self.assertRaises(InvalidScopeError):
            session.fetch_token(self.metadata["token_endpoint"], auth=(self.client_id, self.client_secret))
        with self.assertRaises(InvalidClientError):
            session.fetch_token(self.metadata["token_endpoint"], auth=(self.client_id, "wrong"))

    def test_a_token_for_this_server_opens_it(self):
        session = RequestsSession(client=BackendApplicationClient(self.client_id, scope="self:read"))
        token = session.fetch_token(self.metadata["token_endpoint"], auth=(self.client_id, self.client_secret))
        self.verified(token["access_token"], self.server.issuer)
        answer = session.get(f"{self.server.issuer}/agents/{self.client_id}")
        self.assertEqual((answer.status_code, answer.json()["email"]), (200, "screener-001@example.com"))

    def test_pyjwt_refuses_a_token_for_somebody_else(self):
        session = AuthlibSession(self.client_id, self.client_secret, scope="resume:read")
        token = session.fetch_token(self.metadata["token_endpoint"], resource=RESOURCE)
        with self.assertRaises(jwt.InvalidAudienceError):
            self.verified(token["access_token"], "https://elsewhere.example.com/")


class StockClientsWithEdDsa(StockClients):
    algorithm = "EdDSA"


class StockClientsWithRs256(StockClients):
    algorithm = "RS256"


if __name__ == "__main__":
    unittest.main()
