"""Starts a tenantry and validates its OpenAPI document.

Usage: openapi_run.py PROGRAM DOCUMENT_URL LOG_FILE; the server's settings come in TENANTRY_… variables.
Everything that is wrong with the document is printed. The exit code is 0 if nothing is.
"""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator
from running import running


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
    with running(program, url, log_file) as document:
        return 0 if check(json.loads(document)) else 1


if __name__ == "__main__":
    sys.exit(main())
