"""Generated devfiles, valid, nearly valid and hostile, and the promises that the reader keeps on all of them.

Everything follows from a seed, so a devfile that breaks a promise is known by a number.
"""
