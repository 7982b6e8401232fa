"""What the Python clients share: the task read from standard input, the
protected API, and waiting for a token's last second. None of it helps a client
to log in or to refresh."""
import base64
import json
import sys
import time
import urllib.error
import urllib.request

task = json.load(sys.stdin.buffer)


def claims(jwt):
    part = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def get_vms(token, path="/vms"):
    """Returns status and parsed body (None when it is not JSON)."""
    request = urllib.request.Request(task["api"] + path, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


def vms(token):
    status, body = get_vms(token)
    if status != 200:
        raise SystemExit("GET /v1/vms: %d" % status)
    return body


def wait_past(second):
    """Sleeps until the wall clock's whole seconds are past the given one."""
    while int(time.time()) <= second:
        time.sleep(max(0.01, second + 1.05 - time.time()))


def expired(token):
    """Waits until the access token is over; returns what the API says then."""
    wait_past(claims(token)["exp"])
    return get_vms(token)[0]


def report(**result):
    print(json.dumps(result))
