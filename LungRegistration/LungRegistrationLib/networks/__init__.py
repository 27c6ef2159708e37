"""Registration networks: RRN, VIRNet, VoxelMorph.

All take (fixed, moving), each (N, 1, z, y, x), and return a list of fields, the finest first: (N, 3, z, y, x), components
(x, y, z), in voxels of the field's own grid. warped(x) = moving(x + u(x)) on the fixed grid.
"""
