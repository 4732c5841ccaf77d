"""The folder of a benchmark: parameters, layouts, files, and the run that fills it."""
