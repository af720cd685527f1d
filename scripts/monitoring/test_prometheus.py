"""A real Prometheus beside a real server: it takes the figures in, and has an answer to each question of the dashboards and of
the alerts."""

import os
import re
import time
import unittest
import urllib.error
import urllib.request

from prometheus import DEPLOY, ROOT, Prometheus, dashboard, expression
from server import Server, free_port


class Watched(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        target = f"127.0.0.1:{free_port()}"
        cls.server = Server(AGENTIDP_METRICS_ADDRESS=target)
        cls.addClassCleanup(cls.server.stop)
        cls.prometheus = Prometheus(target)
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.wait_for('up{job="agentidp"} == 1')
        cls.agent = cls.server.register("screener@example.com", ["resume:read"])
        # Some of everything, for long enough that there are rates.
        for _ in range(30):
            cls.asks(cls.agent["clientSecret"], 200)
            cls.asks(cls.agent["clientSecret"], 400, scope="resume:delete")
            cls.asks("wrong", 401)
            time.sleep(0.1)
        cls.prometheus.wait_for('rate(agentidp_tokens_refused_total[10s]) > 0')

    @classmethod
    def asks(cls, secret, status, **more):
        try:
            cls.server.grant((cls.agent["clientId"], secret), **more)
            answered = 200
        except urllib.error.HTTPError as refusal:
            answered = refusal.code
        assert answered == status, (answered, status)

    def test_the_figures_are_what_happened(self):
        # The operator took one more.
        self.prometheus.wait_for("agentidp_tokens_issued_total == 31")
        self.prometheus.wait_for('agentidp_tokens_refused_total{reason="scope_beyond_capabilities"} == 30')
        self.prometheus.wait_for('agentidp_authentications_failed_total{reason="malformed_secret"} == 30')
        self.assertEqual(len(self.prometheus.query("agentidp_authentications_failed_total")), 1)

    def test_every_question_of_the_dashboards_has_an_answer(self):
        for name in sorted(os.listdir(os.path.join(DEPLOY, "grafana"))):
            panels = dashboard(name)["panels"]
            asked = [(panel["title"], expression(target)) for panel in panels for target in panel["targets"]]
            self.assertGreater(len(asked), 10)
            for title, question in asked:
                with self.subTest(panel=title, expression=question):
                    self.assertNotIn("$", question)
                    self.prometheus.wait_for(question, seconds=20)

    def test_every_figure_of_the_server_is_on_a_dashboard_or_in_an_alert_and_in_the_guide(self):
        with urllib.request.urlopen(self.server_metrics(), timeout=10) as answer:
            there = set(re.findall(r"^# TYPE (\S+)", answer.read().decode(), re.MULTILINE))
        self.assertGreater(len(there), 10)
        texts = []
        for path in ("grafana/agentidp.json", "prometheus/agentidp.rules.yml"):
            with open(os.path.join(DEPLOY, path), encoding="utf-8") as file:
                texts.append(file.read())
        with open(os.path.join(ROOT, "docs", "operations", "metrics.md"), encoding="utf-8") as file:
            guide = file.read()
        for figure in sorted(there):
            self.assertTrue(any(figure in text for text in texts), f"{figure} is looked at by nobody")
            named = figure if figure != "agentidp_database_connections_limit" else "_limit{pool}"
            self.assertIn(named, guide)

    def server_metrics(self):
        target = self.prometheus.api("targets")["data"]["activeTargets"][0]
        return target["scrapeUrl"]

    def test_every_alert_is_judged_and_none_rings_for_a_server_that_is_well(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            rules = [rule for group in self.prometheus.api("rules")["data"]["groups"] for rule in group["rules"]]
            if rules and all(rule["health"] == "ok" for rule in rules):
                break
            time.sleep(0.2)
        self.assertGreaterEqual(len(rules), 13)
        for rule in rules:
            self.assertEqual(rule["health"], "ok", rule)
            self.assertNotEqual(rule["state"], "firing", rule)


if __name__ == "__main__":
    unittest.main()
