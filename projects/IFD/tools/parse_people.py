#!/usr/bin/env python
"""Makes parsing maps: python -m people_parsing by the name that README gives it."""

import sys

from people_parsing.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
