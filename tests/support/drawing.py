"""Smooth shapes on a picture, in the coordinates of a 1280 x 720 drawing whatever the picture's size."""

from collections.abc import Sequence

import cv2
from cv2.typing import MatLike
import numpy as np

type Image = MatLike
"""Rows, columns, and blue, green, red."""

type Point = tuple[float, float]
type Colour = Sequence[float]
"""Blue, green, red, 0 to 255."""

WIDTH, HEIGHT = 1280, 720
FRACTION_BITS = 4
"""OpenCV takes coordinates in sixteenths of a pixel."""


def polygon(picture: Image, corners: Sequence[Point], colour: Colour) -> None:
    """Fill a polygon."""
    points = np.array([_fixed(picture, corner) for corner in corners], np.int32)
    cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, FRACTION_BITS)


def box(picture: Image, corner: Point, size: Point, colour: Colour) -> None:
    """Fill an upright rectangle, given its upper left corner."""
    (x, y), (width, height) = corner, size
    polygon(picture, [(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour)


def disc(picture: Image, centre: Point, radius: float, colour: Colour) -> None:
    """Fill a circle."""
    ellipse(picture, centre, (radius, radius), colour)


def ellipse(picture: Image, centre: Point, radii: Point, colour: Colour) -> None:
    """Fill an upright ellipse."""
    at, axes = _fixed(picture, centre), _fixed(picture, radii)
    cv2.ellipse(picture, at, axes, 0, 0, 360, colour, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)


def line(picture: Image, begin: Point, end: Point, colour: Colour, thickness: int) -> None:
    """Draw a straight line; its thickness is in the picture's own pixels."""
    ends = _fixed(picture, begin), _fixed(picture, end)
    cv2.line(picture, *ends, colour, thickness, cv2.LINE_AA, FRACTION_BITS)


def _fixed(picture: Image, point: Point) -> tuple[int, int]:
    scale = picture.shape[1] / WIDTH * (1 << FRACTION_BITS)
    return round(point[0] * scale), round(point[1] * scale)
