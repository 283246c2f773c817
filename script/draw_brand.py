#!/usr/bin/env python3
"""Draws the integration's brand images: a wallflower's four petals around a sound wave, and the name beside them.

Everything is drawn at four times its size and scaled down. Run it from anywhere in the project's environment:
`python script/draw_brand.py`. It writes custom_components/wallflower/brand/*.png.
"""

from dataclasses import dataclass
from pathlib import Path
import sys

import cv2
import numpy as np
import numpy.typing as npt

type Image = npt.NDArray[np.float32]
"""Height × width × BGRA, 0–1, colour not multiplied with alpha."""
type Mask = npt.NDArray[np.float32]

BRAND = Path(__file__).resolve().parents[1] / "custom_components" / "wallflower" / "brand"
OVERSAMPLING = 4
NAME = "Wallflower"

# Red, green, blue.
PETAL_TIP = (255, 190, 46)
PETAL_HEART = (232, 84, 28)
HEART = (92, 28, 46)
SHADE = (120, 30, 20)
BARS = (255, 244, 220)

# How much of the square the petals would leave free without it.
ZOOM = 0.87


@dataclass(frozen=True)
class Theme:
    """What differs between light and dark pages."""

    prefix: str
    text: tuple[int, int, int]


THEMES = (
    Theme("", text=(74, 34, 44)),
    Theme("dark_", text=(255, 232, 205)),
)


def main() -> int:
    """Draw every size of every image in both themes."""
    BRAND.mkdir(parents=True, exist_ok=True)
    for suffix, size in (("", 256), ("@2x", 512)):
        icon = blossom(size * OVERSAMPLING)
        for theme in THEMES:
            save(icon, f"{theme.prefix}icon{suffix}.png", size)
            save(with_name(icon, theme), f"{theme.prefix}logo{suffix}.png", size)
    return 0


def blossom(size: int) -> Image:
    """Draw the icon on a transparent square."""
    y, x = (np.mgrid[0:size, 0:size].astype(np.float32) + 0.5) / size * 2 * ZOOM - ZOOM
    image = np.zeros((size, size, 4), np.float32)
    radius = np.hypot(x, y)
    colour = mix(PETAL_HEART, PETAL_TIP, np.clip((radius - 0.25) / 0.7, 0, 1))
    for quarter in range(4):
        mask = petal(*rotated(x, y, np.pi / 4 + quarter * np.pi / 2))
        # Each petal casts a little shade on the one below.
        shade = cv2.GaussianBlur(mask, (0, 0), size * 0.012) * (1 - mask)
        over(image, flat(SHADE, size), 0.35 * shade * image[..., 3])
        over(image, colour, mask)
    over(image, flat(HEART, size), disc(x, y, 0.44))
    for position, height in ((-0.26, 0.10), (-0.13, 0.21), (0.0, 0.30), (0.13, 0.17), (0.26, 0.08)):
        over(image, flat(BARS, size), bar(x - position, y, 0.042, height))
    return image


def with_name(icon: Image, theme: Theme) -> Image:
    """Set the name to the right of the icon."""
    size = icon.shape[0]
    face = cv2.FontFace("sans")
    points = int(size * 0.46)
    left, _, width, _ = cv2.getTextSize((0, 0), NAME, (0, 0), face, points, 600)
    gap = size // 10
    canvas = np.zeros((size, size + gap + width + gap, 3), np.uint8)
    base = size // 2 + points * 36 // 100
    cv2.putText(canvas, NAME, (size + gap - left, base), (255, 255, 255), face, points, 600)
    logo = np.zeros((*canvas.shape[:2], 4), np.float32)
    logo[:, :size] = icon
    mask = canvas[..., 0].astype(np.float32) / 255
    over(logo, np.broadcast_to(bgr(theme.text), (*mask.shape, 3)), mask)
    return logo


def petal(u: Mask, v: Mask) -> Mask:
    """A rounded, slightly notched petal that points along +v; soft by a pixel of the oversampled grid."""
    angle = np.arctan2(u, v)
    distance = np.hypot(u, v)
    notch = 0.055 * np.exp(-((angle / 0.16) ** 2))
    edge = 0.98 * np.clip(np.cos(angle * 1.42), 0, 1) ** 0.42 - notch
    return soft(edge - distance, u) * (np.abs(angle) < np.pi / 2.6)


def disc(x: Mask, y: Mask, radius: float) -> Mask:
    """A filled circle."""
    return soft(radius - np.hypot(x, y), x)


def bar(x: Mask, y: Mask, half_width: float, half_height: float) -> Mask:
    """An upright bar with round ends."""
    beyond = np.maximum(np.abs(y) - (half_height - half_width), 0)
    return soft(half_width - np.hypot(x, beyond), x)


def rotated(x: Mask, y: Mask, angle: float) -> tuple[Mask, Mask]:
    """Turn coordinates so that the direction `angle` becomes +v."""
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)


def soft(inside: Mask, grid: Mask) -> Mask:
    """Turn a signed distance into coverage over one step of the grid."""
    step = 2 / grid.shape[0]
    return np.clip(inside / step + 0.5, 0, 1).astype(np.float32)


def over(image: Image, colour: npt.NDArray[np.float32], mask: Mask) -> None:
    """Lay a colour over the image where the mask covers it."""
    below = image[..., 3] * (1 - mask)
    alpha = mask + below
    blend = colour * mask[..., None] + image[..., :3] * below[..., None]
    image[..., :3] = np.divide(blend, alpha[..., None], out=np.zeros_like(blend), where=alpha[..., None] > 0)
    image[..., 3] = alpha


def mix(low: tuple[int, int, int], high: tuple[int, int, int], share: Mask) -> npt.NDArray[np.float32]:
    """Blend two colours, `share` of the second."""
    return bgr(low) * (1 - share[..., None]) + bgr(high) * share[..., None]


def flat(colour: tuple[int, int, int], size: int) -> npt.NDArray[np.float32]:
    """One colour all over."""
    return np.broadcast_to(bgr(colour), (size, size, 3))


def bgr(colour: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """OpenCV's order of red, green, blue; 0–1."""
    return np.array(colour[::-1], np.float32) / 255


def save(image: Image, name: str, height: int) -> None:
    """Scale down with colour weighted by coverage, and write a PNG."""
    width = round(image.shape[1] * height / image.shape[0])
    weighted = image.copy()
    weighted[..., :3] *= image[..., 3:]
    small = cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA)
    alpha = small[..., 3:]
    small[..., :3] = np.divide(small[..., :3], alpha, out=np.zeros_like(small[..., :3]), where=alpha > 0)
    pixels = np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)
    if not cv2.imwrite(str(BRAND / name), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{name} cannot be written")


if __name__ == "__main__":
    sys.exit(main())
