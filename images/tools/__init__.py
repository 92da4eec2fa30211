"""The tools image: one relocatable folder, mounted at ``/.berth``, that needs nothing of the user's image.

Read `contents` (what is in it), `relocation` (how Debian's programs are made to live there), `assembly` (the steps).
"""
