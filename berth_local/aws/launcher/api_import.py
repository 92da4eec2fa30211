"""`ImportRestApi` and `PutRestApi`, with which Chalice makes and changes its API.

MiniStack answers the first as an empty `CreateRestApi`, so that a deployment succeeds and every route is unknown. Its importer
for CloudFormation is there; what that drops is put in here.
"""

import json
from collections.abc import Mapping
from typing import Any

from berth_local.aws.launcher import seams

Document = Mapping[str, Any]
Query = Mapping[str, list[str] | str]


def install() -> None:
    """Let the gateway's API take OpenAPI documents."""
    answer_before, import_before = seams.GATEWAY_REQUEST.value, seams.IMPORT_API.value

    async def answer(
        method: str, path: str, headers: Document, body: bytes, query_params: Query | None
    ) -> Any:
        query = query_params or {}
        match (method, [part for part in path.split("/") if part]):
            case ("POST", ["restapis"]) if _first(query, "mode") == "import":
                return _view(_import(import_before, json.loads(body), query), 201)
            case ("PUT", ["restapis", api_id]) if api_id in seams.REST_APIS.value:
                return _view(_overwrite(api_id, json.loads(body), query), 200)
            case ("PATCH", ["restapis", _]):
                body = _without_empty_compression(body)
            case _:
                pass
        return await answer_before(method, path, headers, body, query_params)

    def import_api(spec: Document, base_data: Document | None = None) -> str:
        return _import(import_before, spec, {}, base_data)

    seams.GATEWAY_REQUEST.replace(answer)
    seams.IMPORT_API.replace(import_api)  # CloudFormation calls it by its name


def _import(importer: Any, spec: Document, query: Query, given: Document | None = None) -> str:
    api_id: str = importer(spec, given)
    _complete(api_id, spec, query)
    return api_id


def _overwrite(api_id: str, spec: Document, query: Query) -> str:
    resources = seams.RESOURCES.value[api_id]
    for each in [each for each, resource in resources.items() if resource["path"] != "/"]:
        del resources[each]
    next(iter(resources.values()))["resourceMethods"] = {}
    seams.AUTHORIZERS.value[api_id] = {}
    schemes = seams.IMPORT_SECURITY.value(api_id, spec)
    for path, item in spec.get("paths", {}).items():
        seams.IMPORT_PATH.value(api_id, path, item, schemes, spec.get("security"))
    _complete(api_id, spec, query)
    return api_id


def _complete(api_id: str, spec: Document, query: Query) -> None:
    """Take over what the importer drops: binary types, policy, kind of endpoint, mocked answers."""
    api = seams.REST_APIS.value[api_id]
    api["binaryMediaTypes"] = spec.get("x-amazon-apigateway-binary-media-types") or []
    if policy := spec.get("x-amazon-apigateway-policy"):
        api["policy"] = json.dumps(policy)
    if kind := _first(query, "endpointConfigurationTypes"):
        api["endpointConfiguration"] = {"types": [kind]}
    methods = {
        resource["path"]: resource["resourceMethods"]
        for resource in seams.RESOURCES.value[api_id].values()
        if "resourceMethods" in resource
    }
    for path, item in spec.get("paths", {}).items():
        for method, operation in item.items():
            integration = _mock(operation)
            if integration is not None:
                methods[path][method.upper()]["methodIntegration"] |= integration


def _mock(operation: object) -> dict[str, Any] | None:
    found = (
        operation.get("x-amazon-apigateway-integration") if isinstance(operation, dict) else None
    )
    if found is None or found.get("type", "").lower() != "mock":
        return None
    answers = {each["statusCode"]: dict(each) for each in found.get("responses", {}).values()}
    return {
        "requestTemplates": found.get("requestTemplates", {}),
        "integrationResponses": answers,
    }


def _without_empty_compression(body: bytes) -> bytes:
    """An empty size switches compression off; MiniStack keeps the empty text, on which botocore fails."""
    changes = json.loads(body or b"{}")
    for change in changes.get("patchOperations", []):
        if change.get("path") == "/minimumCompressionSize" and change.get("value") == "":
            change["value"] = None
    return json.dumps(changes).encode()


def _view(api_id: str, status: int) -> Any:
    return seams.API_RESPONSE.value(seams.API_VIEW.value(seams.REST_APIS.value[api_id]), status)


def _first(query: Query, name: str) -> str:
    found = query.get(name, "")
    return found if isinstance(found, str) else found[0]
