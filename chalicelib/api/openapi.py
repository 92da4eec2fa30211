"""The OpenAPI 3.1 document, made from the routes and their models."""

import re
from typing import Any

from chalice.app import Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.api.auth import CSRF_HEADER, SESSION_COOKIE
from chalicelib.api.responses import HTML, JSON, PROBLEM
from chalicelib.api.routes import ROUTES, Credential, Route
from chalicelib.api.serving import handler_of

_REF = "#/components/schemas/{model}"
_SECURITY: dict[Credential, list[dict[str, list[str]]]] = {
    Credential.NONE: [],
    Credential.PERSON: [{"token": []}, {"session": []}],
    Credential.SESSION: [{"session": []}],
    Credential.AGENT: [{"agent": []}],
    Credential.PROXY: [{"proxy": []}],
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A personal token, berth_pat_..."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"A browser's session; unsafe methods need {CSRF_HEADER}: 1 and our Origin too.",
    },
    "agent": {"type": "http", "scheme": "bearer", "description": "An agent's token, berth_agt_..."},
    "proxy": {"type": "http", "scheme": "bearer", "description": "A proxy's token, berth_prx_..."},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "problems"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string", "description": "What the logs have it under."},
        "problems": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemPart"}},
    },
}
_PART = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "pointer": {"type": "string", "description": "Where in the request (RFC 6901)."},
        "line": {"type": "integer", "description": "Where in the devfile, from 1."},
        "column": {"type": "integer", "description": "Where in the devfile, from 1."},
    },
}


def document(public_url: str) -> dict[str, Any]:
    """Return the document of an installation."""
    names, definitions = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Berth", "version": "1", "description": "Remote development workspaces."},
        "servers": [{"url": public_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**definitions, "Problem": _PROBLEM, "ProblemPart": _PART},
            "securitySchemes": _SCHEMES,
        },
    }


def _schemas() -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    wanted: dict[Any, None] = {}
    for route in ROUTES:
        if (body := _model(route, "body")) is not None:
            wanted[(body, "validation")] = None
        if (answered := _model(route, "return")) is not None:
            wanted[(answered, "serialization")] = None
    names, schema = models_json_schema(list(wanted), ref_template=_REF)
    return names, schema.get("$defs", {})


def _operation(route: Route, names: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": handler_of(route).__name__,
        "summary": (handler_of(route).__doc__ or "").split("\n")[0],
        "security": _SECURITY[route.credential],
        "responses": {
            **_success(route, names),
            "default": {
                "description": "A refusal.",
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if (body := _model(route, "body")) is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": names[(body, "validation")]}},
        }
    return operation


def _success(route: Route, names: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    answered = _model(route, "return")
    if answered is not None:
        schema = names[(answered, "serialization")]
        return {str(route.status): {"description": "Done.", "content": {JSON: {"schema": schema}}}}
    if route.page:
        return {
            "200": {
                "description": "A page, or a redirect.",
                "content": {HTML.partition(";")[0]: {}},
            }
        }
    if handler_of(route).__annotations__.get("return") is Response and route.method == "GET":
        return {"200": {"description": "Done.", "content": {JSON: {}}}}
    return {"204": {"description": "Done."}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if (query := _model(route, "query")) is not None:
        schema = query.model_json_schema()
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": shape}
            for name, shape in schema["properties"].items()
        ]
    if route.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 128},
            }
        )
    return found


def _model(route: Route, part: str) -> type[BaseModel] | None:
    """Return the model of a part of the handler's signature, None where it is none."""
    found = handler_of(route).__annotations__.get(part)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
