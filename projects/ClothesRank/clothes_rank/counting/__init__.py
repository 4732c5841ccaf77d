"""How many gallery images are nearer than each match: exact, without sorting, on the CPU or a CUDA device."""
