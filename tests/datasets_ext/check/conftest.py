import pytest


@pytest.fixture(scope="session")
def prcc_root(parsed_prcc_root):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    return parsed_prcc_root
