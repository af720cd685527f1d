"""What AGNTCY's identity projects do with an identity provider, done by stock libraries to the running server, and what
docs/agntcy-alignment.md says of it. Which of AGNTCY's files are followed stands there.

Run by scripts/clients/test, which says in AGENTIDP_BIN which binary to start.
"""

import base64
import json
import os
import re
import unittest
import urllib.parse
import urllib.request

import jwt
from a2a.types import AgentCard
from google.api import field_behavior_pb2
from google.protobuf import json_format
from jwt.algorithms import get_default_algorithms
from server import Server

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENT = os.path.join(ROOT, "docs", "agntcy-alignment.md")
OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


def fetched(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer), answer.headers


class Node:
    """A node of AGNTCY's, as far as it meets an identity provider: from a proof to the issuer's name and the agent's id."""

    def __init__(self, well_known=OPENID):
        self.well_known = well_known

    def metadata(self, proof):
        issuer = jwt.decode(proof, options={"verify_signature": False, "verify_exp": True})["iss"]
        return fetched(issuer + self.well_known)[0]

    def kind(self, metadata):
        """The kind of provider, as its JWKS gives it away."""
        _, headers = fetched(metadata["jwks_uri"])
        if "Ory-Network-Region" in headers:
            return "ORY"
        if "X-Okta-Request-Id" in headers:
            return "OKTA"
        if headers.get("Server", "").lower().startswith("duo"):
            return "DUO"
        return "IDP"

    def verifies(self, proof):
        """The issuer's common name and the agent's id at the node; an error if the signature is not good."""
        metadata = self.metadata(proof)
        jwks, _ = fetched(metadata["jwks_uri"])
        (key,) = [jwt.PyJWK(one) for one in jwks["keys"] if one["kid"] == jwt.get_unverified_header(proof)["kid"]]
        # The algorithm follows from the key, whatever the token says.
        options = {"verify_aud": False, "require": ["iss", "exp", "sub"]}
        claims = jwt.decode(proof, key.key, algorithms=[key.algorithm_name], leeway=5, options=options)
        return urllib.parse.urlsplit(claims["iss"]).hostname, f"{self.kind(metadata)}-{claims['sub']}"


class Agntcy(unittest.TestCase):
    algorithm = "ES256"

    @classmethod
    def setUpClass(cls):
        cls.server = Server(JWT_ALGORITHM=cls.algorithm)
        cls.addClassCleanup(cls.server.stop)
        cls.credential = cls.server.register("screener-001@example.com", ["resume:read", "resume:score"])
        cls.agent = cls.credential["clientId"]

    def proof(self, credential=None, scope=None):
        """A token by client credentials, from where the metadata says."""
        credential = credential or self.credential
        metadata, _ = fetched(self.server.issuer + OPENID)
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        basic = base64.b64encode(f"{credential['clientId']}:{credential['clientSecret']}".encode()).decode()
        path = metadata["token_endpoint"].removeprefix(self.server.issuer)
        return self.server.post(path, urllib.parse.urlencode(form).encode(), Authorization=f"Basic {basic}")["access_token"]

    def asks(self, method, path, body):
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self.server.token('agents:write credentials:write')}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.server.issuer}{path}", json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def test_a_proof_is_verified_as_a_node_does(self):
        self.assertEqual(Node().verifies(self.proof()), ("127.0.0.1", f"IDP-{self.agent}"))

    def test_a_proof_that_was_altered_is_not(self):
        head, body, signature = self.proof().split(".")
        other = json.loads(base64.urlsafe_b64decode(body + "=="))
        other["sub"] = "01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f50"
        body = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
        with self.assertRaises(jwt.InvalidSignatureError):
            Node().verifies(f"{head}.{body}.{signature}")

    def test_either_document_will_do(self):
        proof = self.proof()
        self.assertEqual(Node(OAUTH).verifies(proof), Node(OPENID).verifies(proof))
        for well_known in (OPENID, OAUTH):
            metadata = Node(well_known).metadata(proof)
            self.assertEqual(metadata["issuer"], self.server.issuer)
            self.assertLessEqual({"token_endpoint", "jwks_uri"}, set(metadata))

    def test_the_issuers_common_name_is_its_host(self):
        name, _ = Node().verifies(self.proof())
        self.assertEqual(urllib.parse.urlsplit(self.server.issuer).netloc.split(":")[0], name)

    def test_the_keys_say_what_they_are_for(self):
        jwks, _ = fetched(Node().metadata(self.proof())["jwks_uri"])
        for key in jwks["keys"]:
            self.assertEqual((key["alg"], key["use"]), (self.algorithm, "sig"))
            self.assertIn(key["alg"], get_default_algorithms())

    def test_nothing_in_the_answer_looks_like_another_provider(self):
        self.assertEqual(Node().kind(Node().metadata(self.proof())), "IDP")

    def test_the_id_stays_whatever_becomes_of_the_agent(self):
        credential = self.server.register(f"stays-{self.algorithm.lower()}@example.com", ["resume:read"])
        agent = credential["clientId"]
        seen = [Node().verifies(self.proof(credential))]
        credential = self.asks("POST", f"/agents/{agent}/credentials/{credential['id']}/rotate", {})
        seen.append(Node().verifies(self.proof(credential)))
        for status in ("suspended", "active"):
            self.asks("PUT", f"/agents/{agent}/status", {"status": status, "reason": "a test"})
        self.asks("PATCH", f"/agents/{agent}", {"agentType": "scorer", "version": "2.0.0"})
        seen.append(Node().verifies(self.proof(credential)))
        seen.append(Node().verifies(self.proof(credential, "self:read")))
        self.assertEqual(seen, [("127.0.0.1", f"IDP-{agent}")] * 4)

    def test_the_documents_card_leads_a_caller_to_a_token(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            (text,) = re.findall(r"^```json\n(.*?)^```$", file.read(), re.M | re.S)
        card = json_format.Parse(text.replace("https://id.example.com", self.server.issuer), AgentCard())
        self.assertEqual(lacking(card), [])
        (requirement,) = card.security_requirements
        ((name, scopes),) = requirement.schemes.items()
        scheme = card.security_schemes[name].oauth2_security_scheme
        flow = scheme.flows.client_credentials
        metadata, _ = fetched(scheme.oauth2_metadata_url)
        self.assertEqual(metadata["token_endpoint"], flow.token_url)
        self.assertLessEqual(set(scopes.list), set(flow.scopes))
        claims = jwt.decode(self.proof(scope=" ".join(scopes.list)), options={"verify_signature": False})
        self.assertEqual(claims["scope"], "resume:score")


class AgntcyWithEdDsa(Agntcy):
    algorithm = "EdDSA"


class AgntcyWithRs256(Agntcy):
    algorithm = "RS256"


def lacking(message, path=""):
    """The fields that A2A's own description calls required and that a message does not have, at any depth."""
    found = []
    for field in message.DESCRIPTOR.fields:
        values = getattr(message, field.name)
        place = f"{path}/{field.name}"
        required = field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        present = message.HasField(field.name) if field.has_presence else bool(values)
        if required and not present:
            found.append(place)
        if field.message_type is None or not present:
            continue
        if field.message_type.GetOptions().map_entry:
            values = [value for value in values.values() if hasattr(value, "DESCRIPTOR")]
        for value in values if isinstance(values, (list, tuple)) or not hasattr(values, "DESCRIPTOR") else [values]:
            found += lacking(value, place)
    return found


class Document(unittest.TestCase):
    """What docs/agntcy-alignment.md names is there."""

    def test_every_test_that_the_document_names_is_there(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            text = file.read()
        sources = ""
        for path in ("impl/src/config.rs", "scripts/clients/test_agntcy.py", "scripts/clients/test_stock_clients.py",
                     *(f"contract-tests/tests/contract/{name}.rs" for name in ("discovery", "tokens", "keys"))):
            self.assertIn(os.path.basename(path), text)
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                sources += file.read()
        names = set(re.findall(r"`(test_[a-z0-9_]+|[a-z0-9]+(?:_[a-z0-9]+){2,})`", text)) - {"created_at", "schema_version"}
        self.assertGreater(len(names), 12)
        for name in names:
            self.assertRegex(sources, rf"(?:fn|def) {name}\(", name)

    def test_every_field_of_an_agent_that_the_document_maps_is_one(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            text = file.read()
        tables = text[text.index("## Field mapping: OASF"):]
        mapped = {name for row in re.findall(r"^\|.*\|$", tables, re.M) for name in re.findall(r"`(\w+)`", row.split("|")[3])}
        with open(os.path.join(ROOT, "openapi.yaml"), encoding="utf-8") as file:
            (schema,) = re.findall(r"^    Agent:\n(.*?)(?=^    \w)", file.read(), re.M | re.S)
        fields = set(re.findall(r"^        (\w+):$", schema, re.M))
        self.assertEqual(mapped, fields)


if __name__ == "__main__":
    unittest.main()
