# SPDX-License-Identifier: Apache-2.0
"""Killing a process of Neutron that may be writing to its log.

With eventlet, the lock of oslo.log's handlers is a byte in a pipe, and all processes that
neutron-server forks share that pipe (oslo_log/pipe_mutex.py).  A process that is killed while it
has the byte takes it along, and no other process of that neutron-server can log, so work, again.
That is not what tests of our worker are about: they kill it while it does not log."""
import array
import fcntl
import os
import signal
import termios
import time


def kill_while_it_does_not_log(pid, parent):
    """Kills process 'pid', which 'parent' has forked."""
    for _ in range(1000):
        os.kill(pid, signal.SIGSTOP)
        _wait_until_stopped(pid)
        if all(_holds_a_byte(pid, fd) for fd in _shared_locks(pid, parent)):
            os.kill(pid, signal.SIGKILL)
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.005)
    raise AssertionError('process %d logs all the time' % pid)


def _wait_until_stopped(pid):
    while True:
        with open('/proc/%d/stat' % pid) as f:
            if f.read().rsplit(')', 1)[1].split()[0] in 'TZ':
                return
        time.sleep(0.001)


def _pipes(pid):
    """Returns {pipe: file descriptors} of a process."""
    pipes = {}
    for fd in os.listdir('/proc/%d/fd' % pid):
        try:
            target = os.readlink('/proc/%d/fd/%s' % (pid, fd))
        except OSError:
            continue
        if target.startswith('pipe:'):
            pipes.setdefault(target, []).append(fd)
    return pipes


def _shared_locks(pid, parent):
    """Returns a file descriptor of each pipe of which both processes have both ends."""
    others = _pipes(parent)
    return [fds[0] for pipe, fds in _pipes(pid).items()
            if len(fds) == 2 and len(others.get(pipe, [])) == 2]


def _holds_a_byte(pid, fd):
    pipe = os.open('/proc/%d/fd/%s' % (pid, fd), os.O_RDONLY | os.O_NONBLOCK)
    try:
        count = array.array('i', [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0] > 0
    finally:
        os.close(pipe)
