"""The checks of `make check` that no library brings: sizes, words and locks; and the package on the scales."""
