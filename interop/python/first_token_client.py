"""A client that keeps only the new access token after a refresh and goes on
using its FIRST refresh token until that one expires; then it logs in again. It
reads nothing but the two tokens, and takes each one's exp from its payload:
expired means exp < now, without leeway.

It calls the API at the given offsets (seconds after the first login) and
reports which token request each call needed."""
import json
import time
import urllib.parse
import urllib.request

from common import claims, get_vms, report, task

tokens = {}
requests = []


def ask(**fields):
    body = urllib.parse.urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "GuzzleHttp/7"}
    request = urllib.request.Request(task["token_endpoint"], data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        got = json.load(answer)
    return got["access_token"], got["refresh_token"]


def log_in():
    requests.append("password")
    tokens["access"], tokens["refresh"] = ask(
        client_id=task["client_id"], grant_type="password", response_type="token", scope="openid",
        username=task["username"], password=task["password"],
    )


def refresh():
    requests.append("refresh_token")
    tokens["access"], _ = ask(
        client_id=task["client_id"], grant_type="refresh_token", refresh_token=tokens["refresh"],
    )


def over(token):
    payload = claims(token)
    if not isinstance(payload["exp"], int):
        raise SystemExit("exp is not an integer")
    return payload["exp"] < time.time()


def ready():
    if not tokens or over(tokens["refresh"]):
        log_in()
    elif over(tokens["access"]):
        refresh()
    else:
        requests.append("none")


calls = []
start = None
for offset in task["offsets"]:
    if start is not None:
        time.sleep(max(0, start + offset - time.time()))
    ready()
    start = start or time.time()
    status, body = get_vms(tokens["access"], "/vms/")
    calls.append({
        "offset": offset,
        "token_request": requests[-1],
        "status": status,
        "vms": body,
        "session_state": claims(tokens["access"])["session_state"],
    })

report(client="first refresh token for good", calls=calls)
