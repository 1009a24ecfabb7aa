"""Compute the colours that people without one kind of cone see.

Sources: the matrices are of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
physiologically-based model for simulation of color vision deficiency", IEEE TVCG 15 (2009), for
severity 1, applied to linear RGB. Linear RGB, XYZ and CIELAB are of IEC 61966-2-1 and CIE 15.
"""

import numpy as np
from matplotlib.colors import to_rgb

MATRICES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
_TO_XYZ = np.array(
    [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)


def lab(colour, seen_with=None):
    """Return CIELAB of a colour, as it is or as seen with a deficiency."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if seen_with is not None:
        linear = np.clip(np.array(MATRICES[seen_with]) @ linear, 0, 1)
    part = _TO_XYZ @ linear / _WHITE
    f = np.where(part > (6 / 29) ** 3, np.cbrt(part), part / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other, seen_with=None):
    """Return the CIE 1976 difference; about 2.3 is just noticeable."""
    return float(np.linalg.norm(lab(one, seen_with) - lab(other, seen_with)))
