"""An RTSP camera on this computer that sends the pictures of a folder: run as a program.

    python rtsp_serve.py FOLDER        (0.png, 1.png, ... one after the other, again and again)

It says its port and serves until its input ends, so that it never outlives who started it.
"""

from __future__ import annotations

import sys
import threading

RATE_HZ = 10


def serve(folder: str) -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( multifilesrc location={folder}/%d.png loop=true caps=image/png,framerate={RATE_HZ}/1 "
        "! pngdec ! videoconvert ! video/x-raw,format=I420,colorimetry=1:4:0:0 "
        "! identity sync=true ! jpegenc quality=98 ! rtpjpegpay name=pay0 )"
    )
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    server.get_mount_points().add_factory("/line", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


if __name__ == "__main__":
    serve(sys.argv[1])
