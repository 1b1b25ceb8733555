"""A GigE Vision camera on this computer that sends numbered pictures of ours: run as a program.

    python gige_serve.py ADDRESS SERIAL LOST_SHARE

It says `ready` and serves until its input ends, so that it never outlives who started it.
"""

from __future__ import annotations

import ctypes as c
import sys

import numpy as np
import numpy.typing as npt

FILL = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_uint32, c.c_uint32, c.c_uint32)


def drawn(said: tuple[int, int, int], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The picture that says its number, exposure and gain in its first twelve pixels."""
    rows, columns = np.mgrid[:height, :width]
    pixels: npt.NDArray[np.uint8] = ((columns + 3 * rows + 7 * said[0]) % 256).astype(np.uint8)
    pixels[0, :12] = np.frombuffer(np.array(said, np.uint32).tobytes(), np.uint8)
    return pixels


def said_in(pixels: npt.NDArray[np.uint8]) -> tuple[int, int, int]:
    number, exposure, gain = np.frombuffer(pixels[0, :12].tobytes(), np.uint32).tolist()
    return number, exposure, gain


def serve(address: str, serial: str, lost_share: float) -> None:
    aravis = c.CDLL("libaravis-0.8.so.0")
    gobject = c.CDLL("libgobject-2.0.so.0")
    aravis.arv_gv_fake_camera_new.restype = c.c_void_p
    aravis.arv_gv_fake_camera_new.argtypes = [c.c_char_p, c.c_char_p]
    aravis.arv_gv_fake_camera_get_fake_camera.restype = c.c_void_p
    aravis.arv_gv_fake_camera_get_fake_camera.argtypes = [c.c_void_p]
    aravis.arv_buffer_get_data.restype = c.c_void_p
    aravis.arv_buffer_get_data.argtypes = [c.c_void_p, c.POINTER(c.c_size_t)]
    for side in ("width", "height"):
        getattr(aravis, f"arv_buffer_get_image_{side}").argtypes = [c.c_void_p]
    aravis.arv_fake_camera_set_fill_pattern.argtypes = [c.c_void_p, FILL, c.c_void_p]
    gobject.g_object_set.argtypes = [c.c_void_p, c.c_char_p, c.c_double, c.c_void_p]
    sent = 0

    def draw(buffer: int, _: int, exposure: int, gain: int, pixel_format: int) -> None:
        nonlocal sent
        length = c.c_size_t()
        place = aravis.arv_buffer_get_data(buffer, c.byref(length))
        width = aravis.arv_buffer_get_image_width(buffer)
        height = aravis.arv_buffer_get_image_height(buffer)
        pixels = c.cast(place, c.POINTER(c.c_uint8))
        np.ctypeslib.as_array(pixels, (height, width))[:] = drawn(
            (sent, exposure, gain), height, width
        )
        sent += 1

    fill = FILL(draw)  # kept here: the library only borrows it
    camera = aravis.arv_gv_fake_camera_new(address.encode(), serial.encode())
    gobject.g_object_set(camera, b"gvsp-lost-ratio", lost_share, None)
    fake = aravis.arv_gv_fake_camera_get_fake_camera(camera)
    aravis.arv_fake_camera_set_fill_pattern(fake, fill, None)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], float(sys.argv[3]))
