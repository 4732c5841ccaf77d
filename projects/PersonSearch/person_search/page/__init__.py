"""The search page: FastAPI, server-side templates and a vendored htmx; nothing is asked of any other machine."""
