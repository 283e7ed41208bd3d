"""Starts a tenantry and validates its OpenAPI document.

Usage: openapi_run.py PROGRAM DOCUMENT_URL LOG_FILE; the server's settings come in TENANTRY_… variables.
Everything that is wrong with the document is printed. The exit code is 0 if nothing is.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

PATIENCE_SECONDS = 60


def read(server: subprocess.Popen, url: str) -> dict:
    """The document, once the server answers; ends the program when it never will."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            time.sleep(0.05)
    sys.exit("tenantry served no OpenAPI document")


def check(document: dict) -> bool:
    """Says what is wrong."""
    errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    for error in errors:
        place = "/".join(str(part) for part in error.absolute_path)
        print(f"{place}: {error.message[:300]}")
    operations = sum(len(item) for item in document["paths"].values())
    print(f"openapi-spec-validator: {operations} operations, OpenAPI {document['openapi']}; {len(errors)} errors")
    return not errors and operations > 0


def main() -> int:
    """The whole way, from the start of the server to its end."""
    program, url, log_file = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Path(log_file).open("w") as log:
        server = subprocess.Popen([program, "serve"], stdout=log, stderr=log)
    try:
        return 0 if check(read(server, url)) else 1
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
