"""Segmentation networks from a volume to an en-face map: FPN, ReSensNet, Lachinov's, IPN, IPNv2.

All take (N, 1, B-scan, depth, A-scan) and return logits (N, 1, B-scan, 1, A-scan) of lesion against background.
"""
