"""An HTTP server that answers every request with an error which quotes the request's headers, as proxies and
badly kept servers do. Belongs here: only that."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def echoing_server(status: int, *, html: bool) -> Iterator[str]:
    """The URL of a server that answers with `status`: an HTML page, or an error of Odoo's shape."""

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = f"bad request: {dict(self.headers)}"
            body = (
                f"<html><pre>{said}</pre></html>" if html else json.dumps({"name": "ValueError", "message": said, "debug": said})
            )
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Not to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
