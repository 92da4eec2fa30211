"""devcontainer.json (https://containers.dev), said as a devfile.

What names an image and needs no build is translated; each node of the devfile remembers where it was
written, so that whatever is found in it later is told of the devcontainer.json.
"""
