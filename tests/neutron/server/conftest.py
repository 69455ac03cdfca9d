# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests with a real neutron-server."""
import pytest

from neutronharness import configuration
from neutronharness import waiting
from neutronharness.cloud import Cloud


@pytest.fixture(scope='session')
def package(tmp_path_factory):
    return configuration.install_package(tmp_path_factory.mktemp('package') / 'neutron')


@pytest.fixture(scope='session')
def pristine(tmp_path_factory):
    return configuration.make_database(tmp_path_factory.mktemp('database') / 'pristine.db')


@pytest.fixture(scope='module')
def settings():
    """Settings of the module's cloud; a module may override it."""
    return {}


@pytest.fixture(scope='module')
def module_cloud(tmp_path_factory, package, pristine, settings):
    cloud = Cloud(tmp_path_factory.mktemp('cloud'), package, pristine, **settings)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.close()


@pytest.fixture
def cloud(module_cloud):
    """A Cloud that runs, and has no objects before or after."""
    yield module_cloud
    module_cloud.nb.start()            # If a test that failed has left one dead.
    module_cloud.neutron.start()
    module_cloud.delete_everything()
    waiting.until(lambda: module_cloud.nb.names() == {}, 20, module_cloud.nb.names)
