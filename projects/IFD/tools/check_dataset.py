#!/usr/bin/env python
"""Checks a data set and its maps: python -m datasets_ext.check by the name that README gives it."""

import sys

from datasets_ext.check.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
