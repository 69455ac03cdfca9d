# SPDX-License-Identifier: Apache-2.0
"""neutron-dragonflow-sync: compares Neutron with the Northbound database, by hand.

Takes Neutron's configuration files.  Exit status: 0 if nothing differs (any more), 1 if
something does, 2 if the comparison was not possible.
"""
import sys

from neutron.common import config as neutron_config
from neutron.conf.plugins.ml2 import config as ml2_config
from oslo_config import cfg
from oslo_log import log

from networking_dragonflow import config
from networking_dragonflow.nb import connection
from networking_dragonflow.state import reader
from networking_dragonflow.sync import comparison

OPTS = [
    cfg.BoolOpt('check', default=False,
                help='Print what differs, and change nothing. This is the default.'),
    cfg.BoolOpt('repair', default=False,
                help='Print what differs, and make the Northbound database what Neutron says.'),
]
EQUAL, DIFFERENT, IMPOSSIBLE = 0, 1, 2


def main(argv=None):
    conf = cfg.CONF
    conf.register_cli_opts(OPTS)
    neutron_config.register_common_config_options()
    ml2_config.register_ml2_plugin_opts()
    config.register()
    neutron_config.init(sys.argv[1:] if argv is None else argv)
    # What differs goes to standard output, problems to standard error.
    conf.set_override('use_stderr', True)
    log.setup(conf, 'neutron-dragonflow-sync')
    if conf.check and conf.repair:
        return _fail('--check and --repair exclude each other')
    try:
        return synchronize(conf)
    except Exception as e:
        return _fail('%s: %s' % (type(e).__name__, e))


def synchronize(conf):
    nb = connection.connect(conf)
    try:
        source = reader.configured(conf)
        differences, ahead = comparison.compare(nb, source)
        for difference in differences:
            print(difference)
        if not differences:
            print('No difference.')
            return EQUAL
        if not conf.repair:
            print('%d differences.' % len(differences))
            return DIFFERENT
        outcome = comparison.repair(nb, source, differences, ahead)
        left, _ahead = comparison.compare(nb, source)
        print('%d differences, %d rows written, %d differences left.'
              % (len(differences), outcome.result.changes, len(left)))
        return DIFFERENT if left else EQUAL
    finally:
        nb.close()


def _fail(reason):
    print('neutron-dragonflow-sync: %s' % reason, file=sys.stderr)
    return IMPOSSIBLE


if __name__ == '__main__':
    sys.exit(main())
