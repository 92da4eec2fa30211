"""``python -m berth_cli``, and the ``berth`` command."""

from berth_cli.main import run

if __name__ == "__main__":
    run()
