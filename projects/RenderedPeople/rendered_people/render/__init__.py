"""From a mesh to light: skinning, rasterising, shading, shadows."""
