"""Draw the ground's reflectivity that configs/scene.yaml images: some 100 000 scatterers.

A lettered field, rings whose width falls to the resolution, and corner reflectors on a dark
ground; a picture in which a smear, a ghost or a shift is seen at once.

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
from matplotlib.patches import Annulus

PIXELS = 360
GROUND_LEVEL = 0.08  # amplitude of the dark ground; the lettering has 1


def draw_reflectivity(pixels: int = PIXELS) -> npt.NDArray[np.float64]:
    """Draw the square root of the backscattered power, first row north.

    Parameters
    ----------
    pixels : int
        Rows and columns.

    Returns
    -------
    ndarray of float64, shape (pixels, pixels)
    """
    figure = Figure(figsize=(pixels / 100.0, pixels / 100.0), dpi=100)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-1.0, 1.0)
    axes.set_ylim(-1.0, 1.0)
    axes.text(0.0, 0.62, "moonecho", ha="center", va="center", fontsize=44, weight="bold")
    radius = 0.62
    while radius > 0.03:
        # Ring and gap are constant parts of the radius.
        axes.add_patch(Annulus((0.0, -0.22), radius, 0.22 * radius, color="black"))
        radius *= 0.62
    for x in np.linspace(-0.9, 0.9, 19):
        axes.plot([x, x], [-0.97, -0.86], color="black", linewidth=0.6 + 1.2 * (x + 0.9))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    ink = 1.0 - imread(io.BytesIO(drawn.getvalue()))[..., 0].astype(np.float64)
    return GROUND_LEVEL + (1.0 - GROUND_LEVEL) * ink


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "scene.npy")
    image = draw_reflectivity()
    np.save(target, image)
    print(f"{target}: {image.shape[0]} x {image.shape[1]} pixels, {np.count_nonzero(image)} points")
