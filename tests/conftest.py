"""Makes the host importable before any test module imports it, whatever the order of its imports."""

import fastreid_compat  # noqa: F401
