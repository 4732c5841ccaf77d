"""The local shape changes of anny that tell people apart, and how far each may go.

Each entry: label of the change (MakeHuman's target, positive direction) -> standard deviation of its value.
Values lie in [-1, 1]. Pairs of the left and right side share one value, so that nobody is lopsided.
"""

_BOTH_SIDES = {
    "cheek-bones-incr": 0.5,
    "cheek-volume-incr": 0.5,
    "cheek-inner-incr": 0.4,
    "eye-scale-incr": 0.5,
    "eye-trans-out": 0.4,
    "eye-trans-up": 0.3,
    "ear-scale-incr": 0.6,
    "ear-wing-incr": 0.5,
    "upperarm-fat-incr": 0.3,
    "upperleg-fat-incr": 0.3,
}
_SINGLE = {
    "head-age-incr": 0.4,
    "head-angle-out": 0.4,
    "head-back-scale-depth-incr": 0.5,
    "head-fat-incr": 0.5,
    "head-scale-depth-incr": 0.4,
    "head-scale-horiz-incr": 0.5,
    "head-scale-vert-incr": 0.35,
    "forehead-nubian-incr": 0.4,
    "forehead-scale-vert-incr": 0.3,
    "forehead-temple-incr": 0.4,
    "forehead-trans-forward": 0.4,
    "eyebrows-angle-up": 0.5,
    "eyebrows-trans-forward": 0.5,
    "eyebrows-trans-up": 0.5,
    "chin-bones-incr": 0.5,
    "chin-height-incr": 0.5,
    "chin-jaw-drop-incr": 0.4,
    "chin-prognathism-incr": 0.4,
    "chin-prominent-incr": 0.5,
    "chin-width-incr": 0.6,
    "mouth-angles-up": 0.4,
    "mouth-lowerlip-volume-incr": 0.5,
    "mouth-scale-horiz-incr": 0.5,
    "mouth-trans-up": 0.4,
    "mouth-upperlip-volume-incr": 0.5,
    "neck-double-incr": 0.4,
    "neck-scale-horiz-incr": 0.5,
    "neck-scale-vert-incr": 0.5,
    "nose-curve-convex": 0.5,
    "nose-greek-incr": 0.4,
    "nose-hump-incr": 0.5,
    "nose-point-up": 0.5,
    "nose-scale-depth-incr": 0.5,
    "nose-scale-horiz-incr": 0.5,
    "nose-scale-vert-incr": 0.5,
    "nose-volume-incr": 0.5,
    "nose-width2-incr": 0.4,
    "hip-scale-horiz-incr": 0.5,
    "hip-waist-up": 0.4,
    "lowerlegs-height-incr": 0.4,
    "upperlegs-height-incr": 0.4,
    "measure-shoulder-dist-incr": 0.5,
    "measure-waist-circ-incr": 0.4,
    "buttocks-volume-incr": 0.4,
    "stomach-pregnant-incr": 0.25,
    "stomach-tone-incr": 0.4,
    "torso-scale-depth-incr": 0.4,
    "torso-scale-horiz-incr": 0.4,
    "torso-scale-vert-incr": 0.4,
    "torso-vshape-incr": 0.5,
}

# One tuple of labels a control: the labels that share a value.
LINKED_CONTROLS: dict[tuple[str, ...], float] = {
    **{(f"l-{name}", f"r-{name}"): spread for name, spread in _BOTH_SIDES.items()},
    **{(name,): spread for name, spread in _SINGLE.items()},
}
SHAPE_CONTROLS = tuple(label for labels in LINKED_CONTROLS for label in labels)
