"""The data card that lies in a benchmark's folder."""

from rendered_people.folder.files import Shelf
from rendered_people.folder.further_layouts import FOLDERS
from rendered_people.folder.manifest import NAME, Manifest
from rendered_people.folder.parameters import BenchmarkParameters

FILE_NAME = "README.md"

_CARD = """# {name}: data card

A benchmark for clothing-change person re-identification, rendered on this machine. No photograph and no real person is
in it. Nothing here is PRCC or LTCC data: their *folder layouts* are used so that code which reads those data sets reads
this one, too. In tables, call it **{name}** and give the parameters below.

## What is in it
| | |
| --- | --- |
| images rendered | {images} |
{sites_row}| people | {people} ({train} to train on, {evaluated} to evaluate: the {split} people) |
| outfits a person | {outfits} |
| cameras | {cameras} |
| images a person, outfit and camera | {images_per_view} |
| size | {height} x {width} pixels |
| garments that several people own | {shared:.0%} of all, from a common stock of {stock} of each sort |
| seed | {seed} |
| layouts | {layouts} |
| SHA-256 over all files | `{digest}` |

A *person* differs from others in body and face shape, skin, hair, brows, beard, glasses and gait, and keeps all of
these. An *outfit* is a set of garments with cut, cloth and pattern, at times a scarf, hat or bag. A *camera* has its
place, lights, scene, lens and sensor. Pose, place, direction, light, box and occlusion are drawn for each image. Who
trains and who is evaluated is disjoint; no garment of the common stock is kept for one side.{of_sites}

## Files
- `prcc/rgb`, `prcc/parsing`: PRCC's layout. Cameras A and B see outfit 1, camera C outfit 2.
- `LTCC_ReID/{{train,query,test}}`, `LTCC_ReID/parsing`, `LTCC_ReID/info`: LTCC's layout with all outfits and cameras.
{further}\
- Parsing maps: 8-bit PNG, one of LIP's 20 labels a pixel, from the same hits as the colours: the label that most
  samples of the pixel have. LIP knows no bags (0 here, as all that hides a person) and no bare trunk (13, Face, here).
  `label_system.json` beside them says so; its date is that of the renderer's version.
- `manifest.json`: every parameter, library versions, digest. `SHA256SUMS`: each file's, for `sha256sum --check`.
  `contact_sheet.png`: some people at a glance.

## How it was made
`python -m rendered_people {command}` makes the same files again, whatever the number of processes, with the library
versions in `manifest.json`. (Other versions of Pillow may compress the same pixels into other bytes.)

## Licences
- Body: `anny` (Apache 2.0), whose mesh, shapes and bones come from MakeHuman (CC0).
- Everything else (garments, hair, cloth, scenes, cameras) is computed by this package (Apache 2.0).
- The images are yours to use under the terms of Apache 2.0.

## What it is not
- Not a measure of how a method does on photographs: cloth hangs stiffly, faces are simple, scenes are two planes.
- Not a sample of any population: body, skin and hair are drawn so that people differ, not so that they are typical.
- Not comparable with figures on PRCC or LTCC, nor with {name} figures made from other parameters.
"""


_SHARDED = """- All of these paths are inside of `shards/*.tar` (WebDataset: image, `.parsing.png`, `.json`), of about
  {shards} images; `shards/index.npz` says where each file begins. There is no `contact_sheet.png`.
"""
_FURTHER = """- `{folder}`: the folder layout of the data set of this name, and nothing of its data.
"""
_SITES_ROW = """| sites | {sites} that training sees, {unseen} that it never sees; the numbers below are of one site |
"""
_SITES = """ A *site* has cameras,
people and a common stock of its own. Who is evaluated on an unseen site (folders whose names end in `_unseen_sites`)
is photographed where no training image was; they are a test set of their own."""


def write_data_card(shelf: Shelf, parameters: BenchmarkParameters, manifest: Manifest) -> None:
    """Writes README.md into a finished benchmark.

    Args:
        shelf: The benchmark.
        parameters: What it is made from.
        manifest: Its manifest.
    """
    values = parameters.to_json()
    layouts = " ".join(parameters.layouts)
    command = " ".join(
        f"--{name.replace('_', '-')} {layouts if name == 'layouts' else value}" for name, value in values.items()
    )
    several = parameters.sites + parameters.unseen_sites > 1
    card = _CARD.format(
        **{**values, "layouts": layouts},
        name=NAME,
        sites_row=_SITES_ROW.format(sites=parameters.sites, unseen=parameters.unseen_sites) if several else "",
        of_sites=_SITES if several else "",
        further="".join(_FURTHER.format(folder=FOLDERS[layout]) for layout in parameters.layouts if layout in FOLDERS)
        + (_SHARDED.format(shards=parameters.shards) if parameters.shards else ""),
        images=manifest["images"],
        digest=manifest["digest"],
        train=parameters.train_count,
        evaluated=parameters.evaluated_count,
        shared=parameters.shared_outfits,
        stock=parameters.stock,
        command=f"--output DIR {command}",
    )
    shelf.write(FILE_NAME, card.encode())
