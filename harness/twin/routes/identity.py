"""Tokens: a managed identity in the App Service flavour, or a client secret.

An unmodified DefaultAzureCredential asks the first (plain http on 127.0.0.1); one that insists on
a client secret reaches the same issuer under login.microsoftonline.com.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin.identity import LIFETIME
from harness.twin.routing import on
from harness.twin.state import twin


def managed(request: Request) -> Response:
    """The managed identity endpoint of App Service, 2019-08-01."""
    identity = twin(request).identity
    if not secrets.compare_digest(request.headers.get("x-identity-header", ""), identity.header):
        message = "X-IDENTITY-HEADER does not match; take IDENTITY_HEADER from the twin's env"
        return JSONResponse({"statusCode": 401, "message": message}, 401)
    resource = request.query_params.get("resource")
    if not resource:
        return JSONResponse({"statusCode": 400, "message": "resource is missing"}, 400)
    token, expires_on = identity.token(resource)
    return JSONResponse(
        {
            "access_token": token,
            "expires_on": str(expires_on),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": identity.principal,
        }
    )


def discover(request: Request) -> Response:
    """The OpenID configuration of a tenant: any tenant is ours."""
    login = f"https://login.microsoftonline.com/{request.path_params['tenant']}"
    return JSONResponse(
        {
            "issuer": f"{login}/v2.0",
            "authorization_endpoint": f"{login}/oauth2/v2.0/authorize",
            "token_endpoint": f"{login}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{login}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{login}/discovery/v2.0/keys",
            "tenant_region_scope": None,
            "cloud_instance_name": "microsoftonline.com",
        }
    )


def instances(request: Request) -> Response:
    """Which hosts are Entra's: just the one."""
    host = "login.microsoftonline.com"
    return JSONResponse(
        {
            "tenant_discovery_endpoint": f"https://{host}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


async def login(request: Request) -> Response:
    """The client-credentials flow; any secret will do, no real one can be tested here."""
    form = dict(parse_qsl((await request.body()).decode(errors="replace")))
    scope = form.get("scope", "").split(" ")[0]
    token, _ = twin(request).identity.token(scope.removesuffix(".default"))
    body = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME}
    return JSONResponse(body | {"access_token": token})


routes = [
    on("identity.token", managed),
    on("login.discover", discover),
    on("login.instances", instances),
    on("login.token", login),
]
