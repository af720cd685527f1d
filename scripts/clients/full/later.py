"""A server as a later version may be: in front of the real one, it adds to the objects of its answers a member that no client
of today knows."""

import http.server
import json
import threading
import urllib.error
import urllib.request

ADDED = {"addedLater": {"by": ["somebody"]}}


def with_more(value):
    if isinstance(value, list):
        return [with_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    # These two say nothing of the server's version: what is in them is the caller's, or an event's as it was.
    return {name: item if name in ("metadata", "data") else with_more(item) for name, item in value.items()} | ADDED


class LaterServer:
    def __init__(self, issuer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
                request = urllib.request.Request(f"{issuer}{self.path}", self.body(), headers, method=self.command)
                try:
                    answer = urllib.request.urlopen(request, timeout=10)
                except urllib.error.HTTPError as refused:
                    answer = refused
                with answer:
                    body, kind = answer.read(), answer.headers.get("Content-Type", "")
                if kind.startswith("application/json"):
                    body = json.dumps(with_more(json.loads(body))).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = handle_any

            def body(self):
                if "Transfer-Encoding" not in self.headers:
                    length = self.headers["Content-Length"]
                    return self.rfile.read(int(length)) if length else None
                chunks = []
                while not chunks or chunks[-1]:
                    chunks.append(self.rfile.read(int(self.rfile.readline(), 16)))
                    self.rfile.readline()
                return b"".join(chunks)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
