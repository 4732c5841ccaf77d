"""label_system.json: says of a tree of parsing maps which labels they hold and who made them."""

import json

from rendered_people.folder.layouts import PARSING_TREES
from rendered_people.folder.manifest import CONTENT_DATE, CONTENT_VERSION
from rendered_people.folder.parameters import BenchmarkParameters

FILE_NAME = "label_system.json"


def label_system_files(parameters: BenchmarkParameters) -> dict[str, bytes]:
    """label_system.json of each parsing tree: content by relative path.

    Nothing in it depends on the day or the machine: its date is that of the renderer's version, since a folder made
    again has to hold the same bytes.
    """
    says = {"system": "lip", "model": "rendered_people", "version": str(CONTENT_VERSION), "date": CONTENT_DATE}
    content = (json.dumps(says, indent=2) + "\n").encode()
    return {f"{PARSING_TREES[layout]}/{FILE_NAME}": content for layout in parameters.layouts}
