"""/api-docs of a real server, as a person uses it in a headless Chromium: authorises with client credentials in the dialogue, and
calls every operation of openapi.yaml with nothing but what the page asks for.

Run by scripts/browser/test, which says in AGENTIDP_BIN which binary to start, and in CHROMIUM which browser, or nothing.
"""

import os
import re
import unittest

from browser import ROOT, in_browser
from server import Server


@unittest.skipUnless(os.environ.get("CHROMIUM"), "there is no Chromium")
class SwaggerUi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Server()
        cls.addClassCleanup(server.stop)
        seen = in_browser("swagger_ui.js", server)
        cls.pages, cls.refused = seen["pages"], seen["refused"]
        cls.calls = [call for page in cls.pages for call in page["calls"]]

    def test_every_operation_answers_what_it_should(self):
        for call in self.calls:
            with self.subTest(operation=call["id"]):
                self.assertIn(call["status"], (200, 201, 204), call["complaints"])

    def test_every_operation_of_the_specification_is_shown_and_called(self):
        with open(os.path.join(ROOT, "openapi.yaml"), encoding="utf-8") as file:
            there = sorted(re.findall(r"^ +operationId: (\w+)$", file.read(), re.MULTILINE))
        self.assertGreater(len(there), 30)
        called = sorted(call["id"] for call in self.calls)
        self.assertEqual(called, there, "swagger_ui.js says how each is called")
        for page in self.pages:
            self.assertEqual(sorted(page["shown"]), there)

    def test_the_page_says_nothing_on_the_console_and_loads_nothing_from_elsewhere(self):
        self.assertEqual([complaint for page in self.pages for complaint in page["complaints"]], [])

    def test_no_field_holds_what_nobody_typed(self):
        # An unfiltered list has the operator and the agent; a token that was just given is one.
        found = self.pages[0]["found"]
        self.assertEqual(found["agents"], 2)
        self.assertIs(found["active"], True)

    def test_secrets_and_tokens_stay_out_of_addresses_and_of_what_the_browser_keeps(self):
        for page in self.pages:
            self.assertEqual(page["leaks"], [])
            self.assertEqual(page["kept"], 0)

    def test_a_wrong_secret_is_told_in_the_dialogue_and_in_no_window_of_the_browsers_own(self):
        self.assertIn("invalid_client", self.refused["said"])
        self.assertIs(self.refused["asked"], False)


if __name__ == "__main__":
    unittest.main()
