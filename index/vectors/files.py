"""The files that the vectors of a snapshot stand in."""

import numpy as np
from numpy.typing import NDArray

FOLDER = "vectors"
IDS, MATRIX = "ids.npy", "matrix.npy"
CODES, ROUNDING = "codes.faiss", "rounding.json"
CELLS, TRAINING = "cells.faiss", "training.json"

# float32 rounding of a normalised vector, with room to spare
UNIT_TOLERANCE = 1e-3


def check_unit(vectors: NDArray[np.float32]) -> None:
    """ValueError unless all rows are of unit length."""
    norms = np.linalg.norm(vectors, axis=1)
    if not np.all(np.abs(norms - 1) <= UNIT_TOLERANCE):  # NaN fails too
        raise ValueError("vectors must be of unit length")
