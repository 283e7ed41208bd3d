"""Starts a tenantry, makes a tenant and runs scim2-tester against it.

Usage: scim2_tester_run.py PROGRAM READY_URL LOG_FILE; the server's settings come in TENANTRY_… variables.
Each check that did not succeed is printed, also the skipped ones. The exit code is 0 if none failed.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

FAILURES = {Status.DEVIATION, Status.ERROR, Status.CRITICAL}
PATIENCE_SECONDS = 60


def wait_until_ready(server: subprocess.Popen, url: str) -> None:
    """Returns when the server answers; ends the program when it never will."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url) as answer:
                if answer.status == 200:
                    return
        except urllib.error.URLError:
            pass
        time.sleep(0.05)
    sys.exit("tenantry did not become ready")


def make_tenant(program: str) -> dict:
    """A tenant without a limit that the suite could meet, and its token."""
    created = subprocess.run(
        [program, "tenant", "create", "suite", "--with-token", "--json"], check=True, capture_output=True, text=True
    )
    subprocess.run(
        [program, "tenant", "set", "suite", "rate_per_second=1000000", "rate_burst=1000000"],
        check=True,
        capture_output=True,
    )
    return json.loads(created.stdout)


def check(tenant: dict) -> bool:
    """Runs every check; says what did not succeed."""
    http = Client(base_url=tenant["base_url"], headers={"Authorization": f"Bearer {tenant['token']}"})
    results = check_server(SyncSCIMClient(http))
    for result in results:
        if result.status != Status.SUCCESS:
            print(f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}")
    counts = Counter(result.status.name for result in results)
    failures = sum(1 for result in results if result.status in FAILURES)
    told = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()))
    print(f"scim2-tester: {len(results)} checks: {told}; {failures} failed")
    return failures == 0 and counts["SUCCESS"] > 0


def main() -> int:
    """The whole way, from the start of the server to its end."""
    program, ready_url, log_file = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Path(log_file).open("w") as log:
        server = subprocess.Popen([program, "serve"], stdout=log, stderr=log)
    try:
        wait_until_ready(server, ready_url)
        return 0 if check(make_tenant(program)) else 1
    except (Exception, SystemExit):
        print(Path(log_file).read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
