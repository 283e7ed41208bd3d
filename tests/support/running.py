"""A tenantry that runs while an outside program looks at it."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PATIENCE_SECONDS = 60


@contextlib.contextmanager
def running(program: str, url: str, log_file: str) -> Iterator[bytes]:
    """Starts the server, gives what it serves at the URL once it answers with 200, and ends it.

    The server's settings come in TENANTRY_… variables. What goes wrong is told with the end of its log.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Path(log_file).open("w") as log:
        server = subprocess.Popen([program, "serve"], stdout=log, stderr=log)
    try:
        yield first_answer(server, url)
    except (Exception, SystemExit):
        print(Path(log_file).read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


def first_answer(server: subprocess.Popen, url: str) -> bytes:
    """What the server answers when it is ready; ends the program when it never will."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.read()
        except urllib.error.URLError:
            time.sleep(0.05)
    sys.exit(f"tenantry did not answer at {url}")
