"""deploy/nginx/agentidp.conf in a real nginx, in front of the real server. Only ports, certificates and the log's place are other
ones than in the file."""

import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
import unittest
import urllib.parse

from server import Server, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILE = os.path.join(ROOT, "deploy", "nginx", "agentidp.conf")
NAME = "id.example.com"
# An address of this machine other than the one from which nginx speaks to the server.
CLIENT = "127.0.0.5"


class Nginx:
    """The file in an nginx of its own, with a certificate of its own."""

    def __init__(self, folder, upstream):
        self.folder, self.http, self.https = folder, free_port(), free_port()
        self.certificate, self.key = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
        self.log = os.path.join(folder, "access.log")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True,
        )
        with open(FILE, encoding="utf-8") as file:
            text = file.read()
        for ours, own, times in (
            ("127.0.0.1:3000", f"127.0.0.1:{upstream}", 1),
            ("listen 80;", f"listen {self.http};", 1),
            ("listen 443 ssl;", f"listen {self.https} ssl;", 1),
            ("/etc/agentidp/tls/fullchain.pem", self.certificate, 1),
            ("/etc/agentidp/tls/key.pem", self.key, 1),
            ("/var/log/nginx/agentidp.log", self.log, 2),
        ):
            assert text.count(ours) == times, ours
            text = text.replace(ours, own)
        main = os.path.join(folder, "nginx.conf")
        with open(main, "w", encoding="utf-8") as file:
            file.write(
                f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
                f"http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;"
                f" uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{text}\n}}\n"
            )
        self.process = subprocess.Popen(
            ["nginx", "-p", folder, "-c", main], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(200):
            if self.process.poll() is not None:
                raise AssertionError(self.process.stdout.read().decode())
            try:
                socket.create_connection(("127.0.0.1", self.http), timeout=2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nginx does not listen")

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=30)

    def logged(self, request_id):
        """The line of a request, in words; it is written once the answer is."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with open(self.log, encoding="utf-8") as file:
                lines = [line.split() for line in file.read().splitlines()]
            for line in lines:
                if line[-1] == request_id:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"nginx has not logged {request_id}")


class Behind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(JWT_ISSUER=f"https://{NAME}", AGENTIDP_TRUSTED_PROXIES="127.0.0.1")
        cls.addClassCleanup(cls.server.stop)
        # The server's own address; its issuer is what clients see.
        cls.nginx = Nginx(cls.server.folder.name, urllib.parse.urlsplit(cls.server.issuer).port)
        cls.addClassCleanup(cls.nginx.stop)

    def asks(self, method, path, body=None, headers=None, nginx=None):
        """One request over TLS, whose certificate is checked, from an address of its own."""
        nginx = nginx or self.nginx
        connection = http.client.HTTPConnection(NAME)
        # As for a client that has looked the name up: the name is in the handshake, and is what the certificate is for.
        plain = socket.create_connection(("127.0.0.1", nginx.https), 20, (CLIENT, 0))
        connection.sock = ssl.create_default_context(cafile=nginx.certificate).wrap_socket(plain, server_hostname=NAME)
        connection.request(method, path, body, {"Host": NAME, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, text

    def token(self, **headers):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "audit:read"})
        basic = base64.b64encode(":".join(self.server.operator).encode()).decode()
        headers |= {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        answer, text = self.asks("POST", "/oauth2/token", form, headers)
        self.assertEqual(answer.status, 200, text)
        return json.loads(text)["access_token"], answer.headers

    def event_of(self, request_id, token):
        answer, text = self.asks("GET", "/audit/events?action=token.issued&limit=100", headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(answer.status, 200, text)
        (event,) = [one for one in json.loads(text)["items"] if one["requestId"] == request_id]
        return event

    def test_a_client_reaches_the_server_over_tls(self):
        answer, text = self.asks("GET", "/health/ready")
        self.assertEqual((answer.status, json.loads(text)["status"]), (200, "ok"))
        self.assertIn("max-age=", answer.headers["Strict-Transport-Security"])
        answer, text = self.asks("GET", "/.well-known/oauth-authorization-server")
        self.assertEqual(json.loads(text)["issuer"], f"https://{NAME}")

    def test_whoever_comes_without_tls_is_sent_there_with_method_and_body(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.nginx.http, timeout=10)
        connection.request("POST", "/oauth2/token?x=1", "a=b", {"Host": NAME})
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Location"]), (308, f"https://{NAME}/oauth2/token?x=1"))
        connection.close()

    def test_the_audit_log_has_the_clients_address_whatever_the_client_says(self):
        for says in ({}, {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=203.0.113.9"}):
            with self.subTest(says):
                token, headers = self.token(**says)
                event = self.event_of(headers["X-Request-Id"], token)
                self.assertEqual(event["address"], CLIENT)

    def test_a_request_keeps_its_id_in_both_logs(self):
        _, headers = self.token(**{"X-Request-Id": "order-4711"})
        self.assertEqual(headers["X-Request-Id"], "order-4711")
        self.assertEqual(self.nginx.logged("order-4711")[2:5], ['"POST', '/oauth2/token"', "200"])

    def test_a_request_without_a_good_id_gets_one_in_both_logs(self):
        for says in ({}, {"X-Request-Id": "two words"}, {"X-Request-Id": "x" * 65}):
            with self.subTest(says):
                token, headers = self.token(**says)
                self.assertRegex(headers["X-Request-Id"], r"^[0-9a-f]{32}$")
                self.assertEqual(self.nginx.logged(headers["X-Request-Id"])[0], CLIENT)
                self.event_of(headers["X-Request-Id"], token)

    def test_what_is_too_large_is_refused_in_the_servers_words(self):
        answer, text = self.asks("POST", "/oauth2/token", b"x" * 70_000, {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(answer.status, 413)
        self.assertIn("error", json.loads(text))
        answer, text = self.asks("GET", "/health/ready", headers={"X-Long": "x" * 20_000})
        self.assertEqual((answer.status, "code" in json.loads(text)), (431, True))

    def test_the_log_has_no_secret_and_no_query(self):
        token, _ = self.token()
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "order-4713"}
        self.asks("GET", "/agents?q=something-of-mine", headers=headers)
        self.assertEqual(self.nginx.logged("order-4713")[2:4], ['"GET', '/agents"'])
        with open(self.nginx.log, encoding="utf-8") as file:
            text = file.read()
        for secret in (token, self.server.operator[1], "something-of-mine"):
            self.assertNotIn(secret, text)

    def test_a_server_that_is_away_is_a_503_that_says_when_to_come_again(self):
        gone = free_port()
        folder = os.path.join(self.server.folder.name, "alone")
        os.mkdir(folder)
        nginx = Nginx(folder, gone)
        self.addCleanup(nginx.stop)
        answer, text = self.asks("GET", "/agents", headers={"X-Request-Id": "order-4712"}, nginx=nginx)
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "1"))
        said = json.loads(text)
        self.assertEqual((said["code"], said["requestId"]), ("SERVICE_UNAVAILABLE", "order-4712"))


if __name__ == "__main__":
    unittest.main()
