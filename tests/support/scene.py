"""A picture for the demo's camera: a porch and its garden at night, in which something always moves."""

from collections.abc import Iterator
import math

import cv2
import numpy as np

from .drawing import HEIGHT, WIDTH, Image, disc, line, polygon
from .porch import porch

FIREFLIES = 14
BLOSSOMS = ((38, 128, 228), (46, 178, 240), (44, 74, 196), (70, 150, 238))
"""Wallflowers bloom orange, yellow and rust."""


def frames(width: int, height: int, fps: int, seconds: int) -> Iterator[bytes]:
    """Draw a loop of that many seconds as I420 frames; its end joins its beginning."""
    background, glow = porch(), _soft_dot()
    for number in range(fps * seconds):
        picture = background.copy()
        turn = number / (fps * seconds)
        _stars(picture, turn)
        _pinwheel(picture, turn * seconds / 4)
        _flowers(picture, turn * seconds / 6)
        _fireflies(picture, glow, turn)
        if (width, height) != (WIDTH, HEIGHT):
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes()


def _stars(picture: Image, turn: float) -> None:
    random = np.random.default_rng(11)
    for number in range(90):
        x, y = random.uniform(0, 800), random.uniform(0, 300)
        bright = random.uniform(60, 190) * (1 + 0.35 * math.sin(2 * math.pi * (turn * (2 + number % 5) + number / 7)))
        if math.hypot(x - 300, y - 128) > 60 and picture[int(y), int(x), 0] > 1.6 * picture[int(y), int(x), 1]:
            shade = min(bright, 235)
            disc(picture, (x, y), random.uniform(0.7, 1.5), (shade, shade * 0.95, shade * 0.9))


def _pinwheel(picture: Image, turns: float) -> None:
    centre = (452.0, 470.0)
    line(picture, centre, (452, 606), (70, 78, 84), 4)
    for blade, colour in enumerate(((70, 80, 214), (60, 190, 240), (190, 140, 70), (110, 180, 90)) * 2):
        angle = 2 * math.pi * (turns + blade / 8)
        tip = centre[0] + 50 * math.cos(angle), centre[1] + 50 * math.sin(angle)
        side = centre[0] + 30 * math.cos(angle + 0.62), centre[1] + 30 * math.sin(angle + 0.62)
        polygon(picture, (centre, tip, side), colour)
    disc(picture, centre, 6, (200, 220, 230))


def _flowers(picture: Image, turns: float) -> None:
    random = np.random.default_rng(6)
    for number in range(46):
        x, foot = random.uniform(20, 360), random.uniform(640, 712)
        tall, colour = random.uniform(36, 84), BLOSSOMS[number % len(BLOSSOMS)]
        sway = 5 * math.sin(2 * math.pi * (turns + x / 400))
        top = x + sway, foot - tall
        line(picture, (x, foot + 20), top, (44, 78, 40), 2)
        for petal in range(4):
            angle = math.pi / 2 * petal + number
            disc(picture, (top[0] + 4.5 * math.cos(angle), top[1] + 4.5 * math.sin(angle)), 4.6, colour)
        disc(picture, top, 2.2, (60, 150, 190))


def _fireflies(picture: Image, glow: Image, turn: float) -> None:
    random = np.random.default_rng(21)
    for number in range(FIREFLIES):
        home, reach = (random.uniform(60, 700), random.uniform(400, 650)), random.uniform(30, 90)
        laps, phase = 1 + number % 3, random.uniform(0, 1)
        along = 2 * math.pi * (laps * turn + phase)
        x, y = home[0] + reach * math.cos(along), home[1] + reach * 0.5 * math.sin(2 * along)
        bright = max(0.0, math.sin(2 * math.pi * (turn * (3 + number % 4) + phase))) ** 0.7
        _add_light(picture, glow, int(x), int(y), bright)


def _soft_dot() -> Image:
    rows, columns = np.mgrid[-16:17, -16:17].astype(np.float32)
    distance = np.hypot(rows, columns)
    light = 150 * np.exp(-((distance / 7) ** 2)) + 200 * np.exp(-((distance / 2) ** 2))
    dot: Image = light[..., None] * np.array((0.35, 0.95, 0.9), np.float32)
    return dot


def _add_light(picture: Image, glow: Image, x: int, y: int, strength: float) -> None:
    if 16 <= x < WIDTH - 17 and 16 <= y < HEIGHT - 17:
        patch = picture[y - 16 : y + 17, x - 16 : x + 17]
        patch[:] = np.clip(patch + glow * strength, 0, 255).astype(np.uint8)
