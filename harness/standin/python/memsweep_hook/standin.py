"""Functions of the stand-in libraries themselves."""

import ctypes

_WATCHER = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_watchers = []  # C keeps only their addresses


def _call(name, *args):
    """Nothing where the libraries are not those of a dry run."""
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*args)


def watch(on_first):
    """`on_first(what)` is called where the script first reads a value that nobody computed, one that it put on the
    device itself, or calls a function that is not modelled, each by its name."""
    _watchers.append(_WATCHER(lambda what: on_first(what.decode())))
    _call("memsweep_standin_watch", _watchers[-1])


def unwatch():
    _call("memsweep_standin_watch", None)


def write_report():
    """What the modelled device writes at exit, for an exit that runs no exit handlers."""
    _call("memsweep_standin_write_report")
