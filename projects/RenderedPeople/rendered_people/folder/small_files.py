"""What belongs to the layouts beside images and maps."""

from rendered_people.folder.label_system import label_system_files
from rendered_people.folder.layouts import information_files
from rendered_people.folder.parameters import BenchmarkParameters


def small_files(parameters: BenchmarkParameters) -> dict[str, bytes]:
    """Lists of people and records of label systems: content by relative path."""
    return {**information_files(parameters), **label_system_files(parameters)}
