"""Families without a plan: noise of any spectrum, grains, brushing, fractals, shading.

Shaped spectra after M. Baradad et al., "Learning to See by Looking at Noise", 2021 (arXiv
2106.05963), iterated function systems after H. Kataoka et al., "Pre-training without Natural
Images", 2020 (arXiv 2101.08515); the others are surfaces common in plants.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from inspect_pipeline.training.base.fields import (
    Field,
    Rng,
    blurred,
    clipped,
    log_uniform,
    pixel_grid,
    rotated_axes,
    smooth_noise,
    stretched,
)

GABOR_KERNEL_PX = 21
RIDGED, BILLOWED, CONTOURS = 1, 2, 3  # kinds of fractal noise; 0 is plain
MAP_POINTS, MAP_ROUNDS, MAP_UNSETTLED = 900, 28, 6


def spectrum_noise(rng: Rng, side: int) -> Field:
    """White noise through an anisotropic power law, at times through a ring of frequencies."""
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    angle, stretch = rng.uniform(0, np.pi), log_uniform(rng, 1, 12)
    u = np.cos(angle) * fx + np.sin(angle) * fy
    v = np.cos(angle) * fy - np.sin(angle) * fx
    radius = np.sqrt(u * u + (v * stretch) ** 2) + 1e-6
    if rng.random() < 0.4:
        centre = log_uniform(rng, 0.03, 0.3)
        amplitude = np.exp(-0.5 * ((radius - centre) / (centre * rng.uniform(0.1, 0.5))) ** 2)
    else:
        amplitude = np.maximum(radius, 1 / side) ** -rng.uniform(0.4, 2.2)
    amplitude[0, 0] = 0
    white = np.fft.rfft2(rng.standard_normal((side, side), dtype=np.float32))
    return stretched(np.fft.irfft2(white * amplitude, (side, side)))


def gabor_noise(rng: Rng, side: int) -> Field:
    """Sparse impulses convolved with one or two Gabor kernels."""
    total = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        impulses = np.zeros((side, side), np.float32)
        count = int(log_uniform(rng, 30, side * side / 8))
        impulses.ravel()[rng.integers(0, side * side, count)] = rng.choice((-1, 1), count)
        kernel = cv2.getGaborKernel(
            (GABOR_KERNEL_PX, GABOR_KERNEL_PX),
            sigma=rng.uniform(1.5, 6),
            theta=rng.uniform(0, np.pi),
            lambd=log_uniform(rng, 3, 24),
            gamma=rng.uniform(0.3, 1),
            psi=rng.uniform(0, 6),
        )
        total += cv2.filter2D(impulses, -1, kernel.astype(np.float32))
    return stretched(total)


def fractal_noise(rng: Rng, side: int) -> Field:
    """Octaves of smooth noise: plain, ridged, billowed or as contour lines."""
    total = np.zeros((side, side), np.float32)
    cells, gain = rng.uniform(1.5, 10), rng.uniform(0.35, 0.8)
    kind = int(rng.integers(4))
    for octave in range(int(rng.integers(2, 6))):
        if cells * 2**octave > side / 1.5:
            break
        noise = smooth_noise(rng, side, cells * 2**octave + 1)
        if kind == RIDGED:
            noise = 1 - abs(2 * noise - 1)
        elif kind == BILLOWED:
            noise = abs(2 * noise - 1)
        total += gain**octave * noise
    field = stretched(total)
    if kind == CONTOURS and rng.random() < 0.6:
        return stretched(np.sin(field * rng.uniform(6, 50)))
    return field


def grains(rng: Rng, side: int) -> Field:
    """Voronoi cells: the distance to the seed, the borders, a tone per cell, or all of them."""
    count = int(log_uniform(rng, 6, 700))
    seeds = np.full((side, side), 255, np.uint8)
    seeds[rng.integers(0, side, count), rng.integers(0, side, count)] = 0
    if rng.random() < 0.3:  # a column of small cells
        seeds[rng.integers(0, side, count), int(rng.integers(0, side))] = 0
    distance, cell = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    kind = int(rng.integers(4))
    if kind == 0:
        return stretched(distance)
    tones: Field = rng.random(int(cell.max()) + 1, dtype=np.float32)[cell]
    steps = cv2.morphologyEx(tones, cv2.MORPH_GRADIENT, np.ones((3, 3)))
    border = (steps > 0).astype(np.float32)
    if kind == 1:
        return 1 - blurred(border, rng.uniform(0.4, 1.5))
    if kind == 2:
        return tones
    shaded = tones * rng.uniform(0.2, 1) + 0.5 * stretched(distance) - 0.6 * border
    return clipped(shaded)


def brushed(rng: Rng, side: int) -> Field:
    """Marks of grinding or brushing: noise stretched along one way, straight or in circles."""
    long = 2 * side
    noise = rng.random((long, max(2, int(log_uniform(rng, 2, 24)))), dtype=np.float32)
    noise = cv2.resize(noise, (long, long), interpolation=cv2.INTER_LINEAR)
    noise = cv2.GaussianBlur(noise, (1, 7), 0.1, sigmaY=rng.uniform(0.1, 2))
    if rng.random() < 0.25:
        centre = rng.uniform(-0.5, 1.5, 2) * side
        x, y = pixel_grid(side)
        angle = np.arctan2(y - centre[1], x - centre[0]).astype(np.float32)
        radius = np.hypot(x - centre[0], y - centre[1]).astype(np.float32) % (long - 1)
        around = (angle / np.pi + 1) * (side - 1)
        return stretched(cv2.remap(noise, around, radius, cv2.INTER_LINEAR))
    turn = cv2.getRotationMatrix2D((side, side), rng.uniform(0, 180), 1)
    turn[:, 2] -= side / 2
    return stretched(cv2.warpAffine(noise, turn, (side, side), borderMode=cv2.BORDER_REFLECT))


def speckle(rng: Rng, side: int) -> Field:
    """Grains, pores, sand: blurred impulses, at times cut at a level."""
    size = (side, side)
    present = rng.random(size, dtype=np.float32) < log_uniform(rng, 0.002, 0.4)
    impulses = present.astype(np.float32) * rng.random(size, dtype=np.float32)
    sigma_x_px, sigma_y_px = log_uniform(rng, 0.4, 4), log_uniform(rng, 0.4, 4)
    longish = rng.random() < 0.4
    field = stretched(blurred(impulses, sigma_x_px, sigma_y_px if longish else sigma_x_px))
    if rng.random() < 0.4:
        level, slope = rng.uniform(0.2, 0.8), log_uniform(rng, 3, 20)
        field = clipped((field - level) * slope + 0.5)
    return field


def iterated_maps(rng: Rng, side: int) -> Field:
    """Attractor of two to five contracting affine maps; many points wander at once."""
    maps, count = int(rng.integers(2, 6)), MAP_POINTS
    linear = rng.uniform(-1, 1, (maps, 2, 2))
    norms = np.maximum(np.linalg.norm(linear, 2, axis=(1, 2)), 1e-3)
    linear *= (rng.uniform(0.4, 0.9, maps) / norms)[:, None, None]
    shift = rng.uniform(-1, 1, (maps, 2))
    points, visited = rng.uniform(-1, 1, (count, 2)), []
    for number in range(MAP_ROUNDS):
        chosen = rng.integers(0, maps, count)
        points = np.einsum("nij,nj->ni", linear[chosen], points) + shift[chosen]
        if number > MAP_UNSETTLED:
            visited.append(points)
    visits = np.log1p(_counted(np.concatenate(visited), side))
    return stretched(blurred(visits, rng.uniform(0.4, 1.2)))


def _counted(points: npt.NDArray[np.float64], side: int) -> Field:
    """How many of the points (n, 2) fall on each pixel, their bounding box filling the picture."""
    low, high = points.min(0), points.max(0)
    at = ((points - low) / np.maximum(high - low, 1e-6) * (side - 1)).astype(int)
    counts = np.bincount(at[:, 1] * side + at[:, 0], minlength=side * side)
    return counts.reshape(side, side).astype(np.float32)


def shading(rng: Rng, side: int) -> Field:
    """Smooth light: a plane, a dome, or very coarse noise."""
    u, v = rotated_axes(rng, side)
    kind = int(rng.integers(3))
    if kind == 0:
        return stretched(u)
    if kind == 1:
        return stretched(-np.hypot(u - rng.uniform(-60, 60), v * rng.uniform(0.3, 1)))
    return stretched(smooth_noise(rng, side, 3))
