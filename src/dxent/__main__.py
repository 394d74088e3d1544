"""``python -m dxent`` is the command ``dxent``."""

from dxent.cli.main import main

main()
