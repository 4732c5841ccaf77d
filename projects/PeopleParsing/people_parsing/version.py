"""The version that parsing maps are marked with."""

VERSION = "0.2.0"
