# SPDX-License-Identifier: Apache-2.0
"""neutron-dragonflow-sync compares and repairs by hand."""
import pytest


@pytest.fixture(scope='module')
def settings():
    return dict(options='comparison_interval = 100000')


def test_check_tells_and_repair_repairs(cloud):
    _, _, ports, router = cloud.make_topology()
    cloud.expect_mirrored()
    size = cloud.nb.size()
    result = cloud.neutron.sync('--check')
    assert (result.returncode, result.stdout) == (0, 'No difference.\n'), result.stderr

    cloud.nb.delete('Port', ports[0]['id'])
    cloud.nb.update('Router', router['id'], enabled=False)
    cloud.nb.insert('Router', name='surplus', external_ids=['map', [['neutron:revision', '1']]])
    cloud.nb.insert('Router', name='theirs')
    size = cloud.nb.size()
    for arguments in (['--check'], []):
        result = cloud.neutron.sync(*arguments)
        assert result.returncode == 1, result.stderr
        assert sorted(result.stdout.splitlines()) == sorted([
            'Port %s: absent' % ports[0]['id'],
            'Router %s: different: enabled' % router['id'],
            'Router surplus: surplus',
            '3 differences.'])
        assert cloud.nb.size() == size

    result = cloud.neutron.sync('--repair')
    assert result.returncode == 0, result.stderr
    assert '3 differences, 3 rows written, 0 differences left.' in result.stdout
    assert cloud.nb.names()['Router'] == sorted([router['id'], 'theirs'])
    cloud.nb.delete('Router', 'theirs')
    cloud.expect_mirrored()
    assert cloud.neutron.sync('--check').returncode == 0


def test_a_database_that_is_away_is_distinguished_from_one_that_differs(cloud):
    cloud.nb.kill()
    result = cloud.neutron.sync('--check')
    assert result.returncode == 2 and 'neutron-dragonflow-sync:' in result.stderr
    cloud.nb.start()


def test_check_and_repair_exclude_each_other(cloud):
    assert cloud.neutron.sync('--check', '--repair').returncode == 2
