"""The demo's picture without what moves in it: a porch and its garden at night."""

from dataclasses import dataclass
from functools import cache
import math

import cv2
import numpy as np

from .drawing import HEIGHT, WIDTH, Colour, Image, Point, box, disc, ellipse, polygon

FINE = 2
"""Drawn this many times larger and reduced, for smooth edges."""

HORIZON = 452
MOON = (300.0, 128.0)
GLARE = 20
"""What a light adds to black at its centre."""


@dataclass(frozen=True, slots=True)
class Light:
    """A pool of light: centre, reach, strength, and tint (blue, green, red)."""

    x: float
    y: float
    width: float
    height: float
    strength: float
    tint: tuple[float, float, float] = (0.35, 0.85, 1.25)


LIGHTS = (
    Light(1017, 344, 150, 170, 0.95),
    Light(895, 380, 130, 150, 0.4),
    Light(1010, 640, 300, 60, 0.5),
    Light(1017, 344, 26, 28, 1.2),
    Light(*MOON, 110, 110, 0.6, (1.1, 0.95, 0.8)),
)
"""The lamp by the door, the window, their light on the boards, the lamp's glare, the moon's halo."""


@cache
def porch() -> Image:
    """Draw all that stands still."""
    canvas = _sky()
    _moon(canvas)
    _hill(canvas, 400, 30, 210, 0.4, (78, 52, 38))
    _hill(canvas, 425, 22, 150, 2.1, (58, 38, 27))
    _lawn(canvas)
    _tree(canvas, (128, 470), 300, seed=3)
    _tree(canvas, (560, 462), 130, seed=8)
    _fence(canvas)
    _path(canvas)
    _house(canvas)
    picture = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return _lit(picture)


def _sky() -> Image:
    rows = np.linspace(0.0, 1.0, HEIGHT * FINE)[:, None]
    stops = (0.0, 0.35, 0.56, 0.66, 1.0)
    blues, greens, reds = (46, 78, 112, 118, 90), (20, 38, 72, 92, 60), (12, 22, 60, 112, 50)
    column = np.stack([np.interp(rows, stops, tones) for tones in (blues, greens, reds)], axis=-1)
    return np.repeat(column, WIDTH * FINE, axis=1).astype(np.uint8)


def _moon(canvas: Image) -> None:
    moon = np.zeros_like(canvas)
    disc(moon, MOON, 34, (226, 240, 246))
    disc(moon, (MOON[0] + 16, MOON[1] - 9), 30, (0, 0, 0))
    np.maximum(canvas, moon, out=canvas)


def _hill(canvas: Image, top: int, height: int, length: int, phase: float, colour: Colour) -> None:
    ridge = [
        (x, top + height * math.sin(x / length + phase) + height / 3 * math.sin(x / length * 2.7))
        for x in range(0, WIDTH + 20, 20)
    ]
    polygon(canvas, [*ridge, (WIDTH, HEIGHT), (0, HEIGHT)], colour)


def _lawn(canvas: Image) -> None:
    top = HORIZON * FINE
    rows = np.linspace(0.0, 1.0, canvas.shape[0] - top)[:, None]
    near = np.stack([np.interp(rows, (0, 1), tones) for tones in ((44, 24), (52, 40), (24, 14))], axis=-1)
    blades = np.random.default_rng(4).normal(0.0, 5.0, (HEIGHT - HORIZON, WIDTH, 1))
    grass = cv2.resize(cv2.GaussianBlur(blades, (3, 9), 0), (canvas.shape[1], canvas.shape[0] - top))
    canvas[top:] = np.clip(near + grass[..., None], 0, 255).astype(np.uint8)


def _tree(canvas: Image, foot: Point, height: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, y = foot
    trunk = height / 16
    polygon(
        canvas,
        [(x - trunk, y), (x - trunk / 2, y - height * 0.6), (x + trunk / 2, y - height * 0.6), (x + trunk, y)],
        (26, 20, 18),
    )
    for _ in range(70):
        angle, reach = random.uniform(0, 2 * math.pi), math.sqrt(random.uniform(0, 1))
        shade = random.uniform(0.8, 1.35)
        centre = (
            x + math.cos(angle) * reach * height * 0.36,
            y - height * 0.72 + math.sin(angle) * reach * height * 0.34,
        )
        colour = (int(30 * shade), int(34 * shade), int(20 * shade))
        disc(canvas, centre, height * random.uniform(0.05, 0.1), colour)


def _fence(canvas: Image) -> None:
    for y in (468, 492):
        polygon(canvas, [(0, y), (800, y), (800, y + 6), (0, y + 6)], (96, 82, 74))
    for x in range(8, 800, 26):
        polygon(canvas, [(x, 510), (x, 458), (x + 6, 450), (x + 12, 458), (x + 12, 510)], (112, 96, 86))


def _path(canvas: Image) -> None:
    for number in range(7):
        nearness = number / 6
        centre = 700 - 330 * nearness, 560 + 150 * nearness**1.2
        size = (34 + 34 * nearness, 9 + 11 * nearness)
        ellipse(canvas, (centre[0] + 3, centre[1] + 4), size, (20, 22, 16))
        ellipse(canvas, centre, size, (92, 84, 78))


def _house(canvas: Image) -> None:
    polygon(canvas, [(800, 160), (WIDTH, 90), (WIDTH, 640), (800, 640)], (104, 84, 70))
    for y in range(112, 600, 18):
        under_eaves = max(800, 740 + 7.5 * (168 - y))
        box(canvas, (under_eaves, y), (WIDTH - under_eaves, 2), (82, 66, 54))
    polygon(canvas, [(740, 168), (WIDTH, 96), (WIDTH, 60), (1010, 20), (736, 150)], (44, 34, 32))
    polygon(canvas, [(740, 168), (WIDTH, 96), (WIDTH, 110), (740, 182)], (130, 118, 110))
    _window(canvas, 836, 300, 118, 140)
    _door(canvas)
    polygon(canvas, [(690, 640), (760, 606), (WIDTH, 606), (WIDTH, 640)], (74, 84, 98))
    polygon(canvas, [(660, HEIGHT), (690, 640), (WIDTH, 640), (WIDTH, HEIGHT)], (58, 68, 82))
    for number in range(12):
        far, near = 770 + number * 52, 700 + number * 64
        polygon(canvas, [(far, 606), (far + 2, 606), (near + 3, HEIGHT), (near, HEIGHT)], (40, 48, 60))
    polygon(canvas, [(764, 176), (786, 173), (786, 640), (764, 640)], (150, 140, 132))
    polygon(canvas, [(758, 622), (792, 622), (792, 642), (758, 642)], (134, 124, 116))


def _window(canvas: Image, x: int, y: int, width: int, height: int) -> None:
    box(canvas, (x - 9, y - 9), (width + 18, height + 18), (150, 142, 134))
    box(canvas, (x, y), (width, height), (112, 196, 250))
    polygon(canvas, [(x, y), (x + width * 0.3, y), (x, y + height * 0.85)], (84, 150, 214))
    polygon(canvas, [(x + width, y), (x + width * 0.7, y), (x + width, y + height * 0.85)], (84, 150, 214))
    box(canvas, (x + width // 2 - 2, y), (4, height), (140, 132, 124))
    box(canvas, (x, y + height // 2 - 2), (width, 4), (140, 132, 124))
    box(canvas, (x - 14, y + height + 8), (width + 28, 9), (158, 150, 142))


def _door(canvas: Image) -> None:
    box(canvas, (1048, 286), (132, 322), (150, 142, 134))
    box(canvas, (1058, 296), (112, 312), (52, 66, 120))
    for x in (1070, 1120):
        for y, height in ((400, 84), (498, 92)):
            box(canvas, (x, y), (38, height), (42, 54, 100))
        box(canvas, (x, 312), (38, 70), (116, 192, 240))
    disc(canvas, (1158, 462), 5, (120, 190, 224))
    box(canvas, (1006, 318), (22, 8), (40, 36, 34))
    polygon(canvas, [(1006, 326), (1028, 326), (1024, 362), (1010, 362)], (190, 232, 255))
    box(canvas, (1008, 362), (18, 5), (40, 36, 34))
    box(canvas, (1066, 606), (96, 10), (48, 58, 44))


def _lit(picture: Image) -> Image:
    """Let moon, lamp and window light what is around them, and darken the corners."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    distance = np.hypot((columns - WIDTH / 2) / WIDTH, (rows - HEIGHT / 2) / HEIGHT)
    seen = picture.astype(np.float32)
    lit = seen * (0.93 - 0.53 * distance**2)[..., None]
    for light in LIGHTS:
        reach = ((columns - light.x) / light.width) ** 2 + ((rows - light.y) / light.height) ** 2
        tint = np.array(light.tint, np.float32)
        lit += light.strength * np.exp(-reach)[..., None] * tint * (seen + GLARE)
    picture[:] = np.clip(lit, 0, 255)
    return picture
