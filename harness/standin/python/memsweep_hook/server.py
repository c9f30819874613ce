"""Imports PyTorch once, and forks a process for every run of a script that is asked for: a sweep repeats little else.

Usage: python [flags] server.py SOCKET CHANGES script FILE | module NAME. SOCKET is the descriptor of one that keeps the
borders of messages. A request is a number of variables, "NAME=VALUE" for each, and the arguments of the script, all
ended by a zero byte; the answer is a process id. The parent of that process is the nearest that adopts orphans.

The script sees what it would see in a Python of its own. PyTorch is hidden from it until it imports it, since what it
changes of the environment before has to be in force when PyTorch is imported. CHANGES says what that is, as JSON: names
with their values, null for those that are taken away. Where the script does something else, the process ends with
environment.json in the folder of its report, which says what.
"""

import builtins
import importlib.machinery
import json
import os
import runpy
import signal
import socket
import sys
import types
import warnings

_LONGEST = 1 << 20  # bytes of a request: more than Linux lets pass through such a socket


def _difference(before, after):
    return {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _change_environment(changes):
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Torch:
    """PyTorch, imported in a changed environment, to be found again by the first who asks for it."""

    def __init__(self, changes):
        self.changes = changes
        original = dict(os.environ)
        _change_environment(changes)
        changed = dict(os.environ)
        import torch
        import torch._dynamo  # which the first optimizer would import, in each process for itself

        self.effects = _difference(changed, os.environ)
        _change_environment(_difference(os.environ, original))
        self.spec = torch.__spec__

    def hide(self):
        self.environment = dict(os.environ)
        self.modules = {name: module for name, module in sys.modules.items() if (name + ".").startswith("torch.")}
        for name in self.modules:
            del sys.modules[name]
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        changes = _difference(self.environment, os.environ)
        if changes != self.changes:
            with open(os.path.join(os.environ["MEMSWEEP_REPORT"], "environment.json"), "w", encoding="utf-8") as out:
                json.dump(changes, out)
            os._exit(0)
        _change_environment(self.effects)
        sys.modules.update(self.modules)
        return self.modules["torch"]

    def exec_module(self, torch):
        from memsweep_hook import watch

        torch.__spec__ = self.spec
        watch.begin(torch)


def _adopted_child():
    """Its process id in the parent, 0 in a child that this process is not the parent of."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        child = os.fork()
        if child != 0:
            os.write(writing, b"%d" % child)
            os._exit(0)
        os.close(reading)
        os.close(writing)
        return 0
    os.close(writing)
    os.waitpid(between, 0)
    child = int(os.read(reading, 32))
    os.close(reading)
    return child


def _serve(descriptor):
    """Returns in children only: their variables and arguments."""
    with socket.socket(fileno=descriptor) as requests, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of threads, which those of BLAS let be forked
        while request := requests.recv(_LONGEST):
            count, *items = os.fsdecode(request[:-1]).split("\0")
            child = _adopted_child()
            if child == 0:
                return items[: int(count)], items[int(count) :]
            requests.send(b"%d" % child)
    os._exit(0)


def _run_script(file, arguments):
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    if "__annotations__" in globals():  # up to Python 3.13
        main.__annotations__ = {}
    main.__file__ = os.path.abspath(file)
    main.__cached__ = None
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", main.__file__)
    sys.modules["__main__"] = main
    sys.argv = [file, *arguments]
    with open(file, "rb") as source:
        text = source.read()
    exec(compile(text, main.__file__, "exec", dont_inherit=True), main.__dict__)


def _run_module(name, arguments):
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = ["-m", *arguments]
    runpy._run_module_as_main(name)


def _run(kind, target, arguments):
    """As the interpreter itself would, down to what it does with an exception."""
    try:
        (_run_script if kind == "script" else _run_module)(target, arguments)
    except SystemExit:
        raise
    except BaseException as error:
        traceback = error.__traceback__.tb_next  # this function
        if traceback is not None:
            traceback = traceback.tb_next  # and the one that it called
        error.__traceback__ = sys.last_traceback = traceback
        sys.last_type, sys.last_value, sys.last_exc = type(error), error, error
        sys.excepthook(type(error), error, traceback)
        sys.exit(1)


def main(descriptor, changes, kind, target):
    os.set_inheritable(descriptor, False)
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(target)) if kind == "script" else os.getcwd()
    torch = _Torch(json.loads(changes))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the script is to have it
    variables, arguments = _serve(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(variable.split("=", 1) for variable in variables)
    flags = sys.orig_argv[1 : sys.orig_argv.index(__file__)]
    sys.orig_argv = [sys.orig_argv[0], *flags, *(["-m"] if kind == "module" else []), target, *arguments]
    torch.hide()
    _run(kind, target, arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
