"""The former place of ``people_parsing``; goes with the next release."""

from .moved import moved_names

__getattr__ = moved_names(
    __name__,
    {
        **{
            name: f"people_parsing:{name}"
            for name in (
                "HubParser",
                "OnnxInput",
                "OnnxParser",
                "Parser",
                "ParserError",
                "ParsingSummary",
                "load_parser",
                "write_label_png",
            )
        },
        "Photo": "datasets_ext:ImageAndMap",
        "dataset_photos": "people_parsing:dataset_images",
        "every_photo": "datasets_ext:every_image",
        "label_colours": "datasets_ext:label_colours",
        "parse_photos": "people_parsing:parse_images",
        "sharing_a_map": "datasets_ext:sharing_a_map",
        "tree_photos": "people_parsing:tree_images",
    },
)
