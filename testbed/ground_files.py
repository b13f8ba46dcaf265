"""Images on the ground as GeoTIFF: any geographic program opens them where they lie."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sim_core.focusing.ground_image import GroundImage
from testbed.atomic_file import write_atomically


def write_ground(path: Path, image: GroundImage, attributes: Mapping[str, str]) -> None:
    """Write an image on the ground: complex reflectivity, one band, its first row northernmost.

    Parameters
    ----------
    path : Path
        File to make.
    image : GroundImage
        The image.
    attributes : mapping of str to str
        What else to say of it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import rasterio
    from rasterio.io import MemoryFile

    rows, columns = image.samples.shape
    with MemoryFile() as memory:
        with warnings.catch_warnings():
            # rasterio's own use of affine.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            with memory.open(
                driver="GTiff",
                height=rows,
                width=columns,
                count=1,
                dtype="complex64",
                crs=rasterio.crs.CRS.from_proj4(image.grid.crs()),
                transform=rasterio.Affine(*image.grid.north_up_transform()),
            ) as file:
                file.write(np.ascontiguousarray(image.samples[::-1]), 1)
                file.update_tags(**attributes)
        write_atomically(path, memory.getbuffer())
