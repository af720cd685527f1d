"""The image as a container would be: its root cannot be written, its user is nobody, its volumes are all that it has. And the
services of Compose in their order, with the real PostgreSQL and the real Redis of this machine in the places of their images.

Run by scripts/containers/test --build, as root, in a network of its own; CONTAINERS_IMAGE is the image's root.
"""

import base64
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import image
import test_files

ROOT = os.environ["CONTAINERS_IMAGE"]
STAGE = image.stages()["image"]
UID, GID = map(int, STAGE.user.split(":"))
MASTER_KEY_FILE = "/etc/agentidp/master-key"


def setUpModule():
    """Loopback, which a new network has switched off. Whoever is not in a network of their own would have port 3000 taken."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14s", b"lo", 0x1 | 0x40, b"")
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS: up, running


class Volume:
    """A folder that a container may write; a new one has the owner that its place has in the image, as Docker's have."""

    def __init__(self, parent, name, place):
        self.path = os.path.join(parent, name)
        if not os.path.exists(self.path):
            os.mkdir(self.path)
            owner = os.stat(ROOT + place)
            os.chown(self.path, owner.st_uid, owner.st_gid)
            os.chmod(self.path, owner.st_mode)


def container(command, volumes, settings, *, hosts=""):
    """The command line of a container of the image. `volumes` are (path here, path there, read only)."""
    mounts = list(volumes)
    if hosts:
        mounts.append((hosts, "/etc/hosts", True))
    return image.enter(
        ROOT, command, folder=STAGE.folder, environment=STAGE.environment | settings, mounts=mounts, read_only=True, user=STAGE.user
    )


def done(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


class Running:
    """A process that is ended by its number. One in a container is the only child of what made the container."""

    def __init__(self, command, log, contained=True, **options):
        self.log, self.contained = log, contained
        with open(log, "ab") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, **options)

    def stop(self):
        """SIGTERM, as an engine sends it to the first process of a container; how it ended."""
        pid = self.process.pid
        if self.contained:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                (pid,) = map(int, file.read().split())
        os.kill(pid, signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()


def wait_until(holds, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        if process.process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(process.said())


class Image(unittest.TestCase):
    """One server of the image, on SQLite in a volume."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="agentidp-image-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        os.chmod(cls.folder, 0o755)
        cls.state = Volume(cls.folder, "state", "/var/lib/agentidp")
        cls.keys = Volume(cls.folder, "keys", "/etc/agentidp")
        cls.settings = {
            "DATABASE_URL": "sqlite://agentidp.db",
            "JWT_ISSUER": "https://id.example.com",
            "AGENTIDP_MASTER_KEY_FILE": MASTER_KEY_FILE,
            "AGENTIDP_SHUTDOWN_NOTICE_SECONDS": "1",
        }

    def volumes(self, keys_read_only=True):
        return [(self.state.path, "/var/lib/agentidp", False), (self.keys.path, "/etc/agentidp", keys_read_only)]

    def command(self, *arguments, **more):
        """The image with arguments, as `docker run agentidp ARGUMENTS` has it."""
        return container([*STAGE.entrypoint, *arguments], self.volumes(), self.settings | more)

    def shell(self, text, keys_read_only=True, **more):
        return done(container(["/bin/sh", "-euc", text], self.volumes(keys_read_only), self.settings | more))

    def health(self, **more):
        return done(container(STAGE.health, self.volumes(), self.settings | more)).returncode

    def test_a_server_starts_in_it_is_ready_and_stops(self):
        made = self.shell(f"umask 077; agentidp keys master >{MASTER_KEY_FILE}", keys_read_only=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        for arguments in (["migrate"], ["bootstrap", "--json"], ["doctor"]):
            ended = done(self.command(*arguments))
            self.assertEqual(ended.returncode, 0, f"{arguments}: {ended.stdout}{ended.stderr}")
        for port in ("3000", "8080"):
            with self.subTest(port=port):
                self.assertNotEqual(self.health(PORT=port), 0)
                server = Running(self.command(*STAGE.command, PORT=port), os.path.join(self.folder, "log"))
                wait_until(lambda: self.health(PORT=port) == 0, server)
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10) as answer:
                    ready = json.load(answer)
                self.assertEqual((ready["status"], ready["version"]), ("ok", test_files.VERSION))
                owners = {os.stat(os.path.join(self.state.path, name)).st_uid for name in os.listdir(self.state.path)}
                self.assertEqual(owners, {UID})
                self.assertEqual(server.stop(), 0, server.said())
                self.assertNotEqual(self.health(PORT=port), 0)

    def test_nothing_can_be_written_but_the_volumes(self):
        for place in ("/x", "/etc/x", "/tmp/x", "/usr/bin/agentidp"):
            self.assertNotEqual(self.shell(f": >>{place}").returncode, 0, place)
        self.assertEqual(self.shell(": >/var/lib/agentidp/x").returncode, 0)
        os.remove(os.path.join(self.state.path, "x"))

    def test_it_runs_as_its_user_without_any_privilege(self):
        told = self.shell("busybox cat /proc/self/status").stdout
        lines = dict(re.findall(r"^(\w+):\s*(.*)$", told, re.M))
        self.assertEqual(lines["Uid"].split(), [str(UID)] * 4)
        self.assertEqual((int(lines["CapEff"], 16), int(lines["CapPrm"], 16)), (0, 0))

    def test_nothing_in_it_belongs_to_its_user_or_to_everybody_but_two_empty_folders(self):
        writable, privileged = [], []
        for path, folders, names in os.walk(ROOT):
            for name in folders + names:
                place = os.path.join(path, name)
                info = os.lstat(place)
                if stat.S_ISLNK(info.st_mode):
                    continue
                if info.st_uid == UID or info.st_gid == GID or info.st_mode & stat.S_IWOTH:
                    writable.append((place.removeprefix(ROOT), os.listdir(place)))
                if info.st_mode & (stat.S_ISUID | stat.S_ISGID):
                    privileged.append(place)
        self.assertEqual(sorted(writable), [("/etc/agentidp", []), ("/var/lib/agentidp", [])])
        self.assertEqual(privileged, [])

    def test_its_programs_are_the_server_and_those_of_the_health_check(self):
        programs = []
        for path, _, names in os.walk(ROOT):
            for name in names:
                place = os.path.join(path, name)
                if os.access(place, os.X_OK) and ".so" not in name:
                    programs.append(place.removeprefix(ROOT))
        self.assertEqual(sorted(programs), ["/bin/busybox", "/bin/cat", "/bin/sh", "/bin/wget", "/usr/bin/agentidp"])
        self.assertEqual(done(self.command("--version")).stdout.strip(), f"agentidp {test_files.VERSION}")

    def test_it_has_authorities_for_tls_and_a_name_for_its_user(self):
        with open(f"{ROOT}/etc/ssl/certs/ca-certificates.crt", encoding="utf-8") as file:
            self.assertGreater(file.read().count("BEGIN CERTIFICATE"), 100)
        with open(f"{ROOT}/etc/passwd", encoding="utf-8") as file:
            self.assertEqual(file.read().split(":")[:4], ["agentidp", "x", str(UID), str(GID)])


class Compose(unittest.TestCase):
    """The services of deploy/docker-compose.yml, one after another as they wait for each other."""

    given = {}

    @classmethod
    def setUpClass(cls):
        cls.config = test_files.Compose.resolved(**cls.given)
        cls.services = cls.config["services"]
        folder = tempfile.TemporaryDirectory(prefix="agentidp-compose-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        os.chmod(cls.folder, 0o755)
        cls.running = {}
        cls.addClassCleanup(cls.down)
        cls.hosts = os.path.join(cls.folder, "hosts")
        with open(cls.hosts, "w", encoding="utf-8") as file:
            file.write("127.0.0.1 localhost postgres redis\n")
        cls.postgres_programs = sorted(
            os.path.join("/usr/lib/postgresql", version, "bin") for version in os.listdir("/usr/lib/postgresql")
        )[-1]
        cls.up()

    @classmethod
    def down(cls):
        for name in ("server", "redis", "postgres"):
            if name in cls.running:
                cls.running.pop(name).stop()

    @classmethod
    def up(cls):
        """Each service once all that it waits for is as it waits for it."""
        left = dict(cls.services)
        started = set(cls.running)
        while left:
            name = next(name for name, one in left.items() if not set(one.get("depends_on", {})) & set(left))
            service = left.pop(name)
            if name in started:
                continue
            if "restart" not in service:
                ended = cls.once(name, service)
                assert ended.returncode == 0, f"{name}: {ended.stdout}{ended.stderr}"
                continue
            cls.running[name] = getattr(cls, f"start_{name}")(service)
            wait_until(lambda: cls.is_healthy(name, service), cls.running[name])

    @classmethod
    def settings(cls, service):
        return {name: value or "" for name, value in service.get("environment", {}).items()}

    @classmethod
    def volumes(cls, service):
        mounts = []
        for one in service.get("volumes", []):
            volume = Volume(cls.folder, one["source"], one["target"])
            mounts.append((volume.path, one["target"], one.get("read_only", False)))
        return mounts

    @staticmethod
    def words(service, name):
        """As Compose hands them to the engine: `config` writes $ twice."""
        return [word.replace("$$", "$") for word in service.get(name) or []]

    @classmethod
    def of_the_image(cls, service, command=None):
        entrypoint = STAGE.entrypoint if service["entrypoint"] is None else cls.words(service, "entrypoint")
        command = command or cls.words(service, "command") or STAGE.command
        return container([*entrypoint, *command], cls.volumes(service), cls.settings(service), hosts=cls.hosts)

    @classmethod
    def once(cls, name, service):
        if service["image"].startswith("agentidp:"):
            return done(cls.of_the_image(service))
        # The image of PostgreSQL as a client, with the files where this machine has them.
        files = {one["target"]: one["source"] for one in service["volumes"]}
        for one in service["configs"]:
            path = os.path.join(cls.folder, one["source"])
            with open(path, "w", encoding="utf-8") as file:
                file.write(cls.config["configs"][one["source"]]["content"])
            files[one["target"]] = path
        words = []
        for word in cls.words(service, "command"):
            option, equals, value = word.partition("=")
            words.append(option + equals + files.get(value, value))
        settings = cls.settings(service) | {"PGHOST": "127.0.0.1"}
        assert cls.settings(service)["PGHOST"] == "postgres"
        return done([os.path.join(cls.postgres_programs, words[0]), *words[1:]], env=settings)

    @classmethod
    def start_postgres(cls, service):
        """What the image of PostgreSQL does on a new volume: a cluster, its user with a password, a database."""
        settings = cls.settings(service)
        data = os.path.join(cls.folder, service["volumes"][0]["source"])
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        os.mkdir(data)
        shutil.chown(data, "postgres", "postgres")
        password = os.path.join(cls.folder, "password")
        with open(password, "w", encoding="utf-8") as file:
            file.write(settings["POSTGRES_PASSWORD"])
        subprocess.run(
            [*as_postgres, f"{cls.postgres_programs}/initdb", f"--pgdata={data}", f"--username={settings['POSTGRES_USER']}",
             f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/",
        )
        server = Running(
            [*as_postgres, f"{cls.postgres_programs}/postgres", "-D", data,
             "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
            os.path.join(cls.folder, "postgres.log"), contained=False, cwd="/",
        )
        wait_until(lambda: cls.is_healthy("postgres", service), server)
        cls.psql(settings["POSTGRES_USER"], settings["POSTGRES_PASSWORD"], "postgres", f"CREATE DATABASE {settings['POSTGRES_DB']}")
        return server

    @classmethod
    def psql(cls, user, password, database, statement):
        ended = done(
            [f"{cls.postgres_programs}/psql", "--host=127.0.0.1", f"--username={user}", "--tuples-only", "--no-align",
             "--command", statement, database],
            env={"PGPASSWORD": password},
        )
        if ended.returncode != 0:
            raise PermissionError(ended.stderr)
        return ended.stdout.strip()

    @classmethod
    def start_redis(cls, service):
        (volume,) = service["volumes"]
        data = os.path.join(cls.folder, volume["source"])
        os.mkdir(data)
        return Running(cls.words(service, "command"), os.path.join(cls.folder, "redis.log"), contained=False, cwd=data)

    @classmethod
    def start_server(cls, service):
        return Running(cls.of_the_image(service), os.path.join(cls.folder, "server.log"))

    @classmethod
    def is_healthy(cls, name, service):
        if name == "server":
            return done(cls.of_the_image({**service, "entrypoint": []}, STAGE.health)).returncode == 0
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD", kind
        return done(command, env={"PATH": f"{cls.postgres_programs}:{os.environ['PATH']}"}).returncode == 0

    def operator(self):
        """What the documented command prints: `run --rm bootstrap cat operator.json`."""
        shown = done(self.of_the_image(self.services["bootstrap"], ["cat", "operator.json"]))
        return json.loads(shown.stdout)

    def asks(self, path, form=None, **headers):
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(f"http://localhost:3000{path}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def test_the_server_is_ready_with_both_databases(self):
        ready = self.asks("/health/ready")
        self.assertEqual({check["name"]: check["status"] for check in ready["checks"]}, {
            name: "ok" for name in ("database", "changeFeed", "signingKeys", "audit", "auditTree", "redis")
        })

    def test_the_operator_gets_a_token(self):
        operator = self.operator()
        basic = base64.b64encode(f"{operator['clientId']}:{operator['clientSecret']}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": "agents:read"}
        token = self.asks("/oauth2/token", form, Authorization=f"Basic {basic}")["access_token"]
        agents = self.asks("/agents", Authorization=f"Bearer {token}")["items"]
        self.assertEqual([agent["id"] for agent in agents], [operator["clientId"]])

    def test_secrets_in_volumes_are_their_owners_alone(self):
        for volume, name in (("operator", "operator.json"), ("keys", "master-key")):
            info = os.stat(os.path.join(self.folder, volume, name))
            self.assertEqual((info.st_uid, stat.S_IMODE(info.st_mode)), (UID, 0o600), name)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "state", "operator.json")))

    def test_the_server_keeps_its_checkpoint(self):
        path = os.path.join(self.folder, "state", "checkpoint")
        wait_until(lambda: os.path.exists(path), self.running["server"])

    def test_the_server_is_in_a_role_that_cannot_change_the_audit_log(self):
        url = urllib.parse.urlsplit(self.settings(self.services["server"])["DATABASE_URL"])
        self.assertGreater(int(self.psql(url.username, url.password, url.path[1:], "SELECT count(*) FROM audit_events")), 0)
        for statement in ("DELETE FROM audit_events", "UPDATE audit_events SET action = 'x'", "CREATE TABLE x ()"):
            with self.assertRaisesRegex(PermissionError, "permission denied"):
                self.psql(url.username, url.password, url.path[1:], statement)

    def test_the_job_of_kubernetes_does_here_what_it_does_there(self):
        test_files.Kubernetes.setUpClass()
        job = test_files.Kubernetes.job
        postgres = self.settings(self.services["postgres"])
        owner = (postgres["POSTGRES_USER"], postgres["POSTGRES_PASSWORD"], postgres["POSTGRES_DB"])
        server = urllib.parse.urlsplit(self.settings(self.services["server"])["DATABASE_URL"])
        secrets = {"DATABASE_URL": "postgresql://{}:{}@127.0.0.1:5432/{}".format(*owner), "APPLICATION_PASSWORD": server.password}

        def settings_of(one):
            return {entry["name"]: entry.get("value") or secrets[entry["valueFrom"]["secretKeyRef"]["key"]] for entry in one["env"]}

        (migrate,), (roles,) = job["initContainers"], job["containers"]
        ended = done(container([*STAGE.entrypoint, *migrate["args"]], [], settings_of(migrate)))
        self.assertEqual((ended.returncode, ended.stdout), (0, "the tables are up to date\n"), ended.stderr)

        self.psql(*owner, f"ALTER ROLE {server.username} NOLOGIN")
        *shell, script = roles["command"]
        script = script.replace("/roles/roles.sql", os.path.join(test_files.DEPLOY, "postgresql", "roles.sql"))
        ended = done([*shell, script], env=settings_of(roles) | {"PATH": f"{self.postgres_programs}:{os.environ['PATH']}"})
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(self.psql(server.username, server.password, owner[2], "SELECT 1"), "1")

    def test_going_up_again_changes_nothing(self):
        before = self.operator()
        self.running.pop("server").stop()
        type(self).up()
        self.assertEqual(self.operator(), before)
        self.test_the_operator_gets_a_token()


class ComposeInProduction(Compose):
    """The same with what deploy/.env.example sets."""

    given = test_files.settings_of(os.path.join(test_files.DEPLOY, ".env.example")) | {
        "POSTGRES_PASSWORD": "a1b2c3d4", "APPLICATION_PASSWORD": "e5f6a7b8",
    }

    def test_it_is_in_production(self):
        self.assertEqual(self.settings(self.services["server"])["AGENTIDP_ENV"], "production")
        self.assertIn('"message":"listening"', self.running["server"].said())


if __name__ == "__main__":
    unittest.main()
