"""Receive events, check that they are ours, take each once: nothing but Python.

    export WEBHOOK_SECRET=whsec_…
    python receive.py 8080

Put it behind https, or allow its host with INSYDR_OUTBOUND_ALLOWED_HOSTS to try it on one machine.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
OLDEST_S = 300  # a request that somebody kept and sends again later is refused
seen = set()  # in a database, in earnest: an event may come twice


def is_ours(headers, body: bytes) -> bool:
    """Standard Webhooks: id, time and body are signed; while a secret is being replaced there are two signatures."""
    sent_at = headers.get("webhook-timestamp", "0")
    content = f"{headers.get('webhook-id')}.{sent_at}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    is_signed = any(hmac.compare_digest(expected, signature) for signature in given)
    return is_signed and abs(time.time() - int(sent_at)) < OLDEST_S


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status = 204 if is_ours(self.headers, body) else 401
        delivery = self.headers.get("x-webhook-delivery")
        if status == 204 and delivery not in seen:
            seen.add(delivery)
            told = json.loads(body)
            print(told["event"], json.dumps(told["data"]), flush=True)  # put it into a queue, and work there
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print(f"Waiting on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
