"""A plugin of pytest that runs the fast cases first, so that a run that is cut off has them all."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the order within both groups, in which the tests of a case share what they compiled."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
