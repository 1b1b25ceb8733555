"""A network camera of our own: pictures as Motion JPEG over HTTP, on a free port."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from inspect_pipeline.records import Picture

PERIOD_S = 0.03


class MjpegCamera:
    """`picture_at(number)` draws what is sent; `hang` keeps the connection and sends no more."""

    def __init__(self, picture_at: Callable[[int], Picture], *, login: str | None = None) -> None:
        self.picture_at = picture_at
        self.login = login
        self.hang = threading.Event()
        self.stopping = threading.Event()
        self.asked_with: list[str | None] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"


def jpeg(pixels: Picture) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=98, subsampling=0)
    return content.getvalue()


def shaded(number: int, rgb: tuple[int, int, int] = (220, 40, 30)) -> Picture:
    """One colour, and a band that moves with the number."""
    picture = np.full((96, 128, 3), rgb, np.uint8)
    top = number * 5 % 90
    picture[top : top + 6] = 128
    return picture


@contextmanager
def serving(camera: MjpegCamera, port: int = 0) -> Iterator[MjpegCamera]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing on the terminal."""

        def do_GET(self) -> None:
            camera.asked_with.append(self.headers.get("Authorization"))
            if camera.login is not None and camera.asked_with[-1] != camera.login:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            number = 0
            while not camera.stopping.is_set():
                if not camera.hang.is_set():
                    content = jpeg(camera.picture_at(number))
                    number += 1
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}"
                    try:
                        self.wfile.write(head.encode() + b"\r\n\r\n" + content + b"\r\n")
                    except OSError:
                        return
                time.sleep(PERIOD_S)

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        allow_reuse_address = True

    server = Server(("127.0.0.1", port), Handler)
    camera.port = server.server_address[1]
    camera.stopping.clear()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield camera
    finally:
        camera.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
