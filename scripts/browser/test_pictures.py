"""The pictures in the documents: each that is named is there, is described to whoever cannot see it, and is no burden; and each that
is there is named."""

import os
import re
import subprocess
import unittest

from browser import ROOT

PICTURES = os.path.join("docs", "images")


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        cls.named = {}
        for document in listed.splitlines():
            with open(os.path.join(ROOT, document), encoding="utf-8") as file:
                for words, place in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", file.read()):
                    cls.named[os.path.normpath(os.path.join(os.path.dirname(document), place))] = words

    def test_each_that_is_named_is_there_and_described(self):
        self.assertGreater(len(self.named), 2)
        for place, words in self.named.items():
            with self.subTest(picture=place):
                self.assertTrue(os.path.isfile(os.path.join(ROOT, place)), "scripts/browser/screenshots makes it")
                self.assertGreater(len(words), 20)

    def test_each_that_is_there_is_named_and_small(self):
        for name in os.listdir(os.path.join(ROOT, PICTURES)):
            with self.subTest(picture=name):
                self.assertIn(os.path.join(PICTURES, name), self.named)
                self.assertLess(os.path.getsize(os.path.join(ROOT, PICTURES, name)), 300_000)


if __name__ == "__main__":
    unittest.main()
