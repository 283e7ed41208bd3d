"""Starts a tenantry, makes a tenant and runs scim2-tester against it.

Usage: scim2_tester_run.py PROGRAM READY_URL LOG_FILE; the server's settings come in TENANTRY_… variables.
Each check that did not succeed is printed, also the skipped ones. The exit code is 0 if none failed.
"""

import json
import subprocess
import sys
from collections import Counter

from httpx2 import Client
from running import running
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

FAILURES = {Status.DEVIATION, Status.ERROR, Status.CRITICAL}


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
    with running(program, ready_url, log_file):
        return 0 if check(make_tenant(program)) else 1


if __name__ == "__main__":
    sys.exit(main())
