"""A company's own login server, speaking OpenID Connect over HTTP; a stand-in, and a plain one.

Whoever comes is `person` at once, without a question. It checks what a real one checks of us: the
client, its secret, the address to return to, and the proof that the code is redeemed by whoever
asked for it (PKCE).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "erp-bridge", "what only the two of us know"


class LoginServer:
    """`person` are the claims of whoever signs in next: sub, email, email_verified."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.refused: list[str] = []
        self.url = ""

    def announce(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/person",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def redeem(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        faults = [
            what
            for what, right in {
                "code": asked is not None,
                "client": form.get("client_id") == CLIENT,
                "secret": form.get("client_secret") == SECRET,
                "address": asked and form.get("redirect_uri") == asked["redirect_uri"],
                "proof": asked
                and base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
                == asked.get("code_challenge"),
            }.items()
            if not right
        ]
        self.refused += faults
        if faults:
            return None
        token = secrets.token_urlsafe()
        self.tokens[token] = self.person
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.person}
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "1"}),
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]}


@contextmanager
def login_server() -> Iterator[LoginServer]:
    """It answers on a free port of this machine until the block ends."""
    server = LoginServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            match address.path:
                case "/.well-known/openid-configuration":
                    self.say(server.announce())
                case "/keys":
                    self.say(server.keys())
                case "/person":
                    self.say(server.tokens.get(bearer))
                case "/authorize":
                    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                    self.send_response(302)
                    self.send_header("Location", server.authorize(asked))
                    self.end_headers()
                case _:
                    self.say(None)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.say(server.redeem(dict(parse_qsl(form))))

        def say(self, value: object) -> None:
            text = json.dumps(value or {"error": "invalid_grant"}).encode()
            self.send_response(200 if value else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}"
        thread = Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield server
        listening.shutdown()
        thread.join()
