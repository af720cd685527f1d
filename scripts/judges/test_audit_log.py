"""The audit log as judges see it that are not ours: an honest one passes, and one that somebody was at does not."""

import os
import sqlite3
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from server import Server


class AuditLog(unittest.TestCase):
    """A server with a log of more than a tile."""

    def setUp(self):
        # The log is read faster than a client usually asks.
        self.server = Server(AGENTIDP_CLIENT_LIMIT_PER_MINUTE="0", AGENTIDP_ADDRESS_LIMIT_PER_MINUTE="0")
        self.addCleanup(self.server.stop)
        self.token_file = os.path.join(self.server.folder.name, "token")

    def causes_events(self, number):
        for _ in range(number):
            self.server.token("audit:read")

    def database(self):
        return sqlite3.connect(os.path.join(self.server.folder.name, "agentidp.db"), timeout=30)

    def spoils(self, *statements):
        """Does what the owner of the database can do, whatever its triggers say."""
        database = self.database()
        with database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                self.assertEqual(database.execute(statement).rowcount, 1, statement)
        database.close()

    def key(self):
        """The log's key, as its first event says it."""
        database = self.database()
        row = database.execute("SELECT verifier FROM audit_keys").fetchone()
        database.close()
        return row[0]

    def settled(self):
        """Waits until all that happened is signed; answers how many events that are."""
        token = self.server.token("audit:read idp:admin")
        with open(self.token_file, "w", encoding="utf-8") as file:
            file.write(token)
        request = urllib.request.Request(f"{self.server.issuer}/audit/checkpoint")
        request.add_header("Authorization", f"Bearer {token}")
        database = self.database()
        (events,) = database.execute("SELECT count(*) FROM audit_events").fetchone()
        database.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with urllib.request.urlopen(request, timeout=10) as answer:
                size = int(answer.read().decode().split("\n")[1])
            if size >= events:
                return size
            time.sleep(0.1)
        raise AssertionError(f"{size} of {events} events are signed")

    def event_at(self, index):
        database = self.database()
        row = database.execute("SELECT lower(hex(event_id)) FROM audit_leaves WHERE leaf_index = ?", (index,)).fetchone()
        database.close()
        return "-".join((row[0][:8], row[0][8:12], row[0][12:16], row[0][16:20], row[0][20:]))

    def kept(self):
        return os.path.join(self.server.folder.name, "checkpoint")

    def judged(self, *arguments, key=None):
        command = [os.environ["AUDIT_JUDGE"], "-log", f"{self.server.issuer}/audit", "-key", key or self.key()]
        command += ["-token-file", self.token_file, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
        return done.returncode, done.stdout

    def test_an_honest_log_passes(self):
        self.causes_events(40)
        self.settled()
        code, said = self.judged("-keep", self.kept())
        self.assertEqual(code, 0, said)
        self.causes_events(300)
        size = self.settled()
        events = ",".join(self.event_at(index) for index in (0, 1, 41, 255, 256, size - 1))
        code, said = self.judged("-old", self.kept(), "-events", events, "-fsck")
        self.assertEqual(code, 0, said)
        for judgement in (
            "ok the checkpoint is signed by the log's key",
            f"ok the tiles give the root of {size} events",
            "ok the older checkpoint is consistent, by the log's proof and by its tiles",
            f"ok the event {self.event_at(256)} is included, by the log's proof and by its tiles",
            "ok the tree that the entry bundles give is the log's, tile by tile",
        ):
            self.assertIn(judgement, said)

    def test_another_key_does_not_pass(self):
        self.causes_events(3)
        self.settled()
        other = Server()
        self.addCleanup(other.stop)
        database = sqlite3.connect(os.path.join(other.folder.name, "agentidp.db"))
        (key,) = database.execute("SELECT verifier FROM audit_keys").fetchone()
        database.close()
        code, said = self.judged(key=key)
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED the checkpoint is signed by the log's key", said)

    def test_an_event_that_was_changed_is_found(self):
        self.causes_events(300)
        self.settled()
        event = self.event_at(200).replace("-", "")
        self.spoils(
            "UPDATE audit_events SET content = CAST(replace(CAST(content AS TEXT), '\"salt\"', '\"salT\"') AS BLOB) "
            f"WHERE id = x'{event}'"
        )
        code, said = self.judged("-fsck")
        self.assertEqual(code, 1, said)
        self.assertIn("ok the tiles give the root", said)
        self.assertIn("FAILED the tree that the entry bundles give is the log's, tile by tile", said)
        code, said = self.judged("-events", self.event_at(200))
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED the event", said)

    def test_a_tile_that_was_changed_is_found(self):
        self.causes_events(300)
        self.settled()
        self.spoils(
            "UPDATE audit_leaves SET hash = (SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 100) "
            "WHERE leaf_index = 101"
        )
        # It stands beside the way from its neighbour to the root.
        code, said = self.judged("-events", self.event_at(100))
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED the event", said)
        code, said = self.judged("-fsck")
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED the tree that the entry bundles give is the log's, tile by tile", said)

    def test_another_past_is_found(self):
        """Another log under the same key: the checkpoint that was kept is of a past that this one does not have."""
        self.causes_events(20)
        self.settled()
        code, said = self.judged("-keep", self.kept())
        self.assertEqual(code, 0, said)
        self.causes_events(280)
        self.settled()
        self.spoils(
            "UPDATE audit_leaves SET hash = (SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 3) "
            "WHERE leaf_index = 4"
        )
        code, said = self.judged("-old", self.kept())
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED", said)


if __name__ == "__main__":
    unittest.main()
