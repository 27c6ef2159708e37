"""The commands of `correspond tavi`, a file each; no torch at file scope."""
