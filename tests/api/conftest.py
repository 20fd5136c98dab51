"""Programs that speak for the cast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from directory.models import ApiToken, User

Program = Callable[[User], "Caller"]


class Caller:
    """A program with somebody's token; paths are those below /api/v1/."""

    def __init__(self, user: User) -> None:
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.make(user, 'tests')}")

    def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        return self._told(self.client.get(f"/api/v1/{path}", parameters), status)

    def post(
        self, path: str, body: Any, status: int = 200, *, key: str = "", headers: Any = None
    ) -> Any:
        headers = {"Idempotency-Key": key} if key else None
        response = self.client.post(f"/api/v1/{path}", body, format="json", headers=headers)
        return self._told(response, status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self._told(self.client.put(f"/api/v1/{path}", body, format="json"), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self._told(self.client.delete(f"/api/v1/{path}"), status)

    def _told(self, response: Any, status: int) -> Any:
        assert response.status_code == status, (response.status_code, response.content)
        if not response.content:
            return None
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
            assert response.json()["status"] == status
        return response.json()


@pytest.fixture
def program(db) -> Program:
    return Caller
