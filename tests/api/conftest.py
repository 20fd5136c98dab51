"""Programs that speak for the cast. Everything they are told is compared with the schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from rest_framework.test import APIClient

from directory.models import ApiToken, User

Program = Callable[[User], "Caller"]


ONE_BY_ONE = Lock()  # the generator finds its parts as it first needs them


@cache
def _schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


def schema() -> dict[str, Any]:
    with ONE_BY_ONE:
        return _schema()


@cache
def promised(path: str, method: str, status: int) -> Draft202012Validator | None:
    """What the schema says of an answer; None where it promises no body."""
    operation = next(
        operations[method.lower()]
        for template, operations in sorted(schema()["paths"].items(), key=_variables)
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        and method.lower() in operations
    )
    answers = operation["responses"]
    answer = answers["default"] if status >= 400 else answers[str(status)]
    if "content" not in answer:
        return None
    [content] = answer["content"].values()
    return Draft202012Validator({**content["schema"], "components": schema()["components"]})


def _variables(template: tuple[str, Any]) -> int:
    return template[0].count("{")


class Caller:
    """A program with somebody's token; paths are those below /api/v1/."""

    def __init__(self, user: User) -> None:
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.make(user, 'tests')}")

    def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        return self._told(self.client.get(f"/api/v1/{path}", parameters), status)

    def post(self, path: str, body: Any, status: int = 200, *, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else None
        response = self.client.post(f"/api/v1/{path}", body, format="json", headers=headers)
        return self._told(response, status)

    def upload(self, path: str, files: list[Any], status: int = 201) -> Any:
        sent = self.client.post(f"/api/v1/{path}", {"file": files}, format="multipart")
        return self._told(sent, status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self._told(self.client.put(f"/api/v1/{path}", body, format="json"), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self._told(self.client.delete(f"/api/v1/{path}"), status)

    def _told(self, response: Any, status: int) -> Any:
        assert response.status_code == status, (response.status_code, response.content)
        request = response.wsgi_request
        validator = promised(request.path, request.method, status)
        if validator is None:
            assert not response.content
            return None
        kind = "application/problem+json" if status >= 400 else "application/json"
        assert response["Content-Type"] == kind
        validator.validate(response.json())
        return response.json()


@pytest.fixture
def program(db) -> Program:
    return Caller
