"""Parents and plugins: what a devfile refers to, put into it as the standard says.

Nothing here opens anything: whoever calls gives a ``Resolver``, which is asked with typed references.
"""
