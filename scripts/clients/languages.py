"""For tests that do the same in several languages, each by its own tools."""

import os
import re
import shutil
import unittest


def environment(**more):
    """What is around a user's program: nothing of ours, and nothing that tells the compilers of the tests what to do."""
    ours = re.compile(r"AGENTIDP_|PYTHON|CARGO_(?!HOME$)|RUST(?!UP_HOME$)")
    return {name: value for name, value in os.environ.items() if not ours.match(name)} | more


def those_that_can_run(loader, cases):
    """The tests of the cases whose `tools` are there. Of each other it is said, by its `title`, that it did not run."""
    suite = unittest.TestSuite()
    for case in cases:
        missing = [tool for tool in case.tools if shutil.which(tool) is None]
        if missing:
            print(f"==> DID NOT RUN: {case.title}, for want of {', '.join(missing)}", flush=True)
        else:
            suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
