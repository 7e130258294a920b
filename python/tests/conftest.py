"""Fixtures that all tests share."""

import pytest

pytest_plugins = ["tidelog.testing"]


@pytest.fixture
def config(kafka):
    """Settings of clients of an engine that ends with the test."""
    return kafka.config


@pytest.fixture
def on_disk(tmp_path):
    """Settings of clients of an engine on disk."""
    return {"bootstrap.servers": f"tidelog:{tmp_path}/data"}
