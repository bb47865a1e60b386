"""Fuzzing: text from outside is made up, changed and given to what reads it, in a process that may crash or hang.

    python -m fuzz --minutes 120                # with PYTHONPATH=tests; `make fuzz` does it
    python -m fuzz notes queries --seed 7       # two targets, the inputs of an earlier run
    python -m fuzz --replay fuzz-failures/…     # one input again, with the traceback

`targets` says what is read and what must hold, `grammars` what inputs look like, `mutation` how they are changed,
`worker` is the process that reads, `running` watches over it. `corpus/TARGET/` has inputs that are tried first: good
ones to change, and every input that once found a bug.
"""
