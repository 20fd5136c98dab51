"""A person in front of the installation: signs in with the real form, then uses the API."""

from __future__ import annotations

import json
import re
import uuid
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener


class NotAllowed(Exception):
    """The installation said no: its status, and its problem details."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail', problem)}")
        self.status = status
        self.problem = problem


class Visitor:
    """One person with their own cookies. `base_url` is http or https."""

    def __init__(self, base_url: str, name: str) -> None:
        if urlsplit(base_url).scheme not in ("http", "https"):
            raise ValueError(f"{base_url!r} is no http address.")
        self.base_url = base_url.rstrip("/")
        self.name = name
        self.first_name = name.split()[0]
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))

    def sign_in(self, email: str, password: str) -> None:
        """Through the sign-in page. Raises NotAllowed if that does not end on another page."""
        page = self._send("GET", "/accounts/login/").decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {
            "csrfmiddlewaretoken": token[1] if token else "",
            "login": email,
            "password": password,
        }
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self._send("POST", "/accounts/login/", urlencode(fields).encode(), form)
        if "sessionid" not in {cookie.name for cookie in self._cookies}:
            raise NotAllowed(403, {"detail": f"{email} could not sign in with this password."})

    def get(self, path: str, **query: object) -> Any:
        """What the API answers. Raises NotAllowed."""
        asked = f"?{urlencode(query)}" if query else ""
        return json.loads(self._send("GET", f"/api/v1/{path}{asked}"))

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """What the API answers. Raises NotAllowed."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
            **self._mine(),
        }
        body = json.dumps(values).encode()
        return json.loads(self._send("POST", f"/api/v1/{path}", body, headers))

    def press(self, path: str) -> None:
        """Press a button of a page that posts to `path` and asks nothing. Raises NotAllowed."""
        self._send("POST", path, b"", self._mine())

    def _mine(self) -> dict[str, str]:
        """The headers that say that it is this person who writes."""
        token = next((c.value for c in self._cookies if c.name == "csrftoken"), "") or ""
        return {"X-CSRFToken": token, "Referer": f"{self.base_url}/"}

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        address = self.base_url + path
        request = Request(address, body, headers or {}, method=method)  # noqa: S310 see __init__
        try:
            with self._opener.open(request, timeout=60) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"detail": f"{method} {path} answered {error.code}."}
            raise NotAllowed(error.code, problem) from None
