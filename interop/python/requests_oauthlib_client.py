"""requests-oauthlib: the legacy application flow, and its automatic refresh,
which sends the scope along."""
import os

# The answer's scope is wider than the one asked for; this library takes that
# for an error unless told otherwise. It also wants https, even on loopback.
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests_oauthlib  # noqa: E402
from oauthlib.oauth2 import LegacyApplicationClient  # noqa: E402

from common import expired, report, task  # noqa: E402

saved = []
session = requests_oauthlib.OAuth2Session(
    client=LegacyApplicationClient(client_id=task["client_id"], scope=["openid"]),
    auto_refresh_url=task["token_endpoint"],
    auto_refresh_kwargs={"client_id": task["client_id"]},
    token_updater=saved.append,
)
first = session.fetch_token(
    task["token_endpoint"],
    username=task["username"],
    password=task["password"],
    include_client_id=True if task.get("in_form") else None,
)
first = dict(first)
listed = session.get(task["api"] + "/vms")
listed.raise_for_status()
expired_status = expired(first["access_token"])
again = session.get(task["api"] + "/vms")
again.raise_for_status()
if len(saved) != 1:
    raise SystemExit("refreshed %d times instead of once" % len(saved))

report(
    client="requests-oauthlib " + requests_oauthlib.__version__,
    first=first,
    vms=listed.json(),
    expired_status=expired_status,
    second=dict(saved[0]),
    vms_after=again.json(),
)
