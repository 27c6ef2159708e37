"""The border of a mask as polylines: marching squares."""

from __future__ import annotations

import numpy as np

# Four pixels a b / d e around a corner, coded 1, 2 / 8, 4 where they are inside: from which side to which the border passes
# between them, with the inside on its right as one sees it. Pixels that touch at a corner only are parted.
_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
_PASSES = {
    1: [(_TOP, _LEFT)],
    2: [(_RIGHT, _TOP)],
    3: [(_RIGHT, _LEFT)],
    4: [(_BOTTOM, _RIGHT)],
    5: [(_TOP, _LEFT), (_BOTTOM, _RIGHT)],
    6: [(_BOTTOM, _TOP)],
    7: [(_BOTTOM, _LEFT)],
    8: [(_LEFT, _BOTTOM)],
    9: [(_TOP, _BOTTOM)],
    10: [(_RIGHT, _TOP), (_LEFT, _BOTTOM)],
    11: [(_RIGHT, _BOTTOM)],
    12: [(_LEFT, _RIGHT)],
    13: [(_TOP, _RIGHT)],
    14: [(_LEFT, _TOP)],
}


def outline(mask: np.ndarray) -> list[np.ndarray]:
    """The borders of a (rows, columns) bool mask as closed polylines (N, 2) of (column, row), the last point the first again.

    They pass half way between the centers of pixels inside and outside, along the frame's border too, the inside on their right
    as one sees it: clockwise around the mask, counter-clockwise around its holes. The longest comes first.
    """
    padded = np.pad(np.asarray(mask, bool), 1).astype(np.uint8)
    code = padded[:-1, :-1] + 2 * padded[:-1, 1:] + 4 * padded[1:, 1:] + 8 * padded[1:, :-1]
    width = padded.shape[1]
    cells = np.flatnonzero((code > 0) & (code < 15))
    kinds = code.ravel()[cells]
    cells += cells // (width - 1)  # index of the cell's first pixel
    # a border passes between a pixel and the one on its right at 2 * index, between it and the one below at 2 * index + 1
    sides = np.stack([2 * cells, 2 * (cells + 1) + 1, 2 * (cells + width), 2 * cells + 1])
    following: dict[int, int] = {}
    for kind, passes in _PASSES.items():
        here = kinds == kind
        for start, end in passes:
            following.update(zip(sides[start, here].tolist(), sides[end, here].tolist(), strict=True))
    return sorted((_places(loop, width) for loop in _loops(following)), key=len, reverse=True)


def _loops(following: dict[int, int]) -> list[list[int]]:
    """Closed chains of a table that tells what follows each entry; the table is used up."""
    loops = []
    while following:
        first, at = following.popitem()
        loop = [first]
        while at != first:
            loop.append(at)
            at = following.pop(at)
        loops.append([*loop, first])
    return loops


def _places(crossings: list[int], width: int) -> np.ndarray:
    """(N, 2) column and row in the mask, of crossings in the mask with a border of one pixel."""
    index, below = np.divmod(np.array(crossings), 2)
    row, column = np.divmod(index, width)
    return np.column_stack([column + 0.5 * (1 - below), row + 0.5 * below]) - 1.0
