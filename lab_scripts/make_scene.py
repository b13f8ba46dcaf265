"""Draw the ground's reflectivity that configs/scene.yaml images: 360 000 scatterers.

A lettered field, rings whose width falls to the resolution, and bars that do so as well; a picture
in which a smear, a ghost or a shift is seen at once.

    python lab_scripts/make_scene.py scene.npy
    moonecho run configs/scene.yaml
"""

import io
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Annulus, Rectangle

PIXELS = 600
GROUND_LEVEL = 0.1  # amplitude of the dark ground; the lettering has 1
_DPI = 100


def draw_reflectivity(pixels: int = PIXELS) -> npt.NDArray[np.float64]:
    """Draw the amplitude of the backscatter, first row north.

    Parameters
    ----------
    pixels : int
        Rows and columns.

    Returns
    -------
    ndarray of float64, shape (pixels, pixels)
        From `GROUND_LEVEL` to 1.
    """
    figure = Figure(figsize=(pixels / _DPI, pixels / _DPI), dpi=_DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-1.0, 1.0)
    axes.set_ylim(-1.0, 1.0)
    points = 0.115 * pixels  # of the letters
    axes.text(0.0, 0.72, "moonecho", ha="center", va="center", fontsize=points, weight="bold")
    radius = 0.6
    while radius > 0.03:
        # Ring and gap are constant parts of the radius.
        axes.add_patch(Annulus((-0.3, -0.1), radius, 0.22 * radius, color="black"))
        radius *= 0.62
    # Bars to the east: each a fifth narrower than the one above it, and as far from the next.
    top, height = 0.5, 0.13
    while height > 0.006:
        axes.add_patch(Rectangle((0.45, top - height), 0.45, height, color="black"))
        top -= 2.0 * height
        height *= 0.8
    # And to the south, across.
    left, width = -0.9, 0.13
    while width > 0.006:
        axes.add_patch(Rectangle((left, -0.95), width, 0.15, color="black"))
        left += 2.0 * width
        width *= 0.8
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI)
    ink = 1.0 - imread(io.BytesIO(drawn.getvalue()))[..., 0].astype(np.float64)
    return GROUND_LEVEL + (1.0 - GROUND_LEVEL) * ink


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "scene.npy")
    image = draw_reflectivity()
    np.save(target, image)
    print(f"{target}: {image.shape[0]} x {image.shape[1]} pixels, {np.count_nonzero(image)} points")
