"""Authlib: password grant, ID token checked against the published keys,
automatic refresh."""
import authlib
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

from common import expired, report, task

session = OAuth2Session(
    task["client_id"],
    token_endpoint=task["token_endpoint"],
    token_endpoint_auth_method="none",
    scope="openid",
)
first = dict(session.fetch_token(task["token_endpoint"], username=task["username"], password=task["password"]))
listed = session.get(task["api"] + "/vms")
listed.raise_for_status()

discovery = session.get(task["issuer"] + "/.well-known/openid-configuration", withhold_token=True).json()
keys = JsonWebKey.import_key_set(session.get(discovery["jwks_uri"], withhold_token=True).json())
identity = jwt.decode(
    first["id_token"],
    keys,
    claims_cls=CodeIDToken,
    claims_options={
        "iss": {"essential": True, "value": task["issuer"]},
        "aud": {"essential": True, "value": task["client_id"]},
    },
    claims_params={"client_id": task["client_id"], "access_token": first["access_token"]},
)
identity.validate()

expired_status = expired(first["access_token"])
again = session.get(task["api"] + "/vms")
again.raise_for_status()

report(
    client="Authlib " + authlib.__version__,
    first=first,
    vms=listed.json(),
    expired_status=expired_status,
    second=dict(session.token),
    vms_after=again.json(),
    id_token=dict(identity),
)
