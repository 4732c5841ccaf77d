"""Speed beside the host's, or beside the bare operation: ``python -m benchmarks [NAME ...]``.

A benchmark is a module of this folder with a function ``measure(quick)`` that returns :class:`benchmarks.rows.Row`
objects, made with :func:`benchmarks.rows.compared`; its name stands in :data:`benchmarks.__main__.BENCHMARKS`.
"""
