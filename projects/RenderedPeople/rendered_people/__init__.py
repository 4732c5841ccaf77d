"""RenderedPeople: clothing-change person re-identification that anyone can render, with exact parsing maps."""

from rendered_people.errors import RenderingError
from rendered_people.folder.benchmark import render_benchmark

__all__ = ["RenderingError", "render_benchmark"]
