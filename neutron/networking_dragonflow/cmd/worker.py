# SPDX-License-Identifier: Apache-2.0
"""neutron-dragonflow-worker: keeps the Northbound database equal to Neutron's.

For layouts of Neutron's processes in which no other process does; see sync/worker.py.  Any
number of these may run beside any number of Neutron's.  Takes Neutron's configuration files,
and ends on SIGTERM and SIGINT.
"""
try:
    # Before anything else is imported.  Neutron that has eventlet relies on it: in a process
    # without, it would not tell Nova of ports that become ACTIVE, for example.
    from neutron.common import eventlet_utils
    eventlet_utils.monkey_patch()
except ImportError:
    pass
import signal  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402

from neutron.api import extensions  # noqa: E402
from neutron.common import config as neutron_config  # noqa: E402
from neutron.conf.plugins.ml2 import config as ml2_config  # noqa: E402
from neutron import manager  # noqa: E402
from neutron_lib.api import attributes  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_log import log  # noqa: E402

from networking_dragonflow import config  # noqa: E402
from networking_dragonflow.sync import worker  # noqa: E402

LOG = log.getLogger(__name__)


def main(argv=None):
    neutron_config.register_common_config_options()
    ml2_config.register_ml2_plugin_opts()
    config.register()
    neutron_config.init(sys.argv[1:] if argv is None else argv)
    neutron_config.setup_logging()
    if config.ALIAS not in cfg.CONF.ml2.mechanism_drivers:
        print('neutron-dragonflow-worker: mechanism_drivers in section [ml2] of ml2_conf.ini '
              'does not have "dragonflow"', file=sys.stderr)
        return 2
    manager.init()
    extensions.PluginAwareExtensionManager.get_instance().extend_resources(
        '2.0', attributes.RESOURCES)
    stopping = threading.Event()
    candidate = worker.Candidate()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(1):
        if not candidate.is_alive():
            LOG.error('The thread that keeps the Northbound database has ended')
            return 1
    candidate.stop()
    return 0


if __name__ == '__main__':
    sys.exit(main())
