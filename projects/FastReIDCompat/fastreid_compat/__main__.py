"""`python -m fastreid_compat`: the table of adaptations, and the host they were made to."""

from importlib import metadata
from pathlib import Path

import fastreid
from tabulate import tabulate

from .table import adaptations


def _host() -> str:
    location = Path(fastreid.__file__).parent
    version = f"{fastreid.__version__} by its own word"
    for distribution in metadata.distributions(name="fastreid"):
        if Path(str(distribution.locate_file("fastreid"))).resolve() == location.resolve():
            version = distribution.version
    return f"fastreid {version} at {location}"


def main() -> None:
    """Prints the host's version and location, and a line for each adaptation."""
    print(_host())
    print(tabulate(adaptations(), headers=["adaptation", "reason", "status"], maxcolwidths=[None, 80, None]))


if __name__ == "__main__":
    main()
