"""What is in deploy/, held to published judges and to the product: the Dockerfile, Compose, Kubernetes.

Run by scripts/containers/test, which says in AGENTIDP_BIN which binary judges the settings, and in KUBERNETES_JUDGES where
the judges of Kubernetes manifests are that are written in Go (empty: they do not run, and it says so).
"""

import json
import os
import re
import subprocess
import tempfile
import tomllib
import unittest

import yaml

import image

DEPLOY = os.path.join(image.ROOT, "deploy")
# The oldest Kubernetes that has all that the manifests use, and the newest that the schemas are of.
KUBERNETES = ["1.31.0", "1.37.0"]
# How long the last events may take to be written once all requests are done (impl/src/app.rs).
EVENTS_WITHIN = 5


def workspace():
    with open(os.path.join(image.ROOT, "Cargo.toml"), "rb") as file:
        return tomllib.load(file)["workspace"]


VERSION = workspace()["package"]["version"]


def judged(*command, text=None, **settings):
    """What a program says of its input, and how it ends."""
    # Where a binary with instruments writes down what it reached is no setting.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LLVM_PROFILE_FILE") if name in os.environ} | settings
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment, cwd=image.ROOT)
    return done.returncode, done.stdout + done.stderr


def settings_of(env):
    """A file of settings as name and value."""
    with open(env, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


class Judged(unittest.TestCase):
    def finds_nothing(self, *command, **options):
        status, said = judged(*command, **options)
        self.assertEqual(status, 0, said)
        return said

    def are_settings_of_production(self, settings):
        """What the server itself says of settings: each is known, and together they can be used in production."""
        with tempfile.TemporaryDirectory() as folder:
            key = judged(os.environ["AGENTIDP_BIN"], "keys", "master")[1].strip()
            if "AGENTIDP_MASTER_KEY" in settings:
                settings = settings | {"AGENTIDP_MASTER_KEY": key}
            elif "AGENTIDP_MASTER_KEY_FILE" in settings:
                settings = settings | {"AGENTIDP_MASTER_KEY_FILE": f"{folder}/master-key"}
                with open(settings["AGENTIDP_MASTER_KEY_FILE"], "w", encoding="utf-8") as file:
                    os.chmod(file.name, 0o600)
                    file.write(key)
            # The databases of the manifests are elsewhere; one that is here can be asked.
            settings = settings | {"DATABASE_URL": f"sqlite://{folder}/agentidp.db"}
            self.finds_nothing(os.environ["AGENTIDP_BIN"], "migrate", **settings)
            said = self.finds_nothing(os.environ["AGENTIDP_BIN"], "doctor", **settings)
        self.assertEqual(settings["AGENTIDP_ENV"], "production")
        self.assertIn("the settings can be used", said)


class Image(Judged):
    @classmethod
    def setUpClass(cls):
        cls.stages = image.stages()
        cls.image = cls.stages["image"]

    def test_hadolint_finds_nothing(self):
        self.finds_nothing("hadolint", image.DOCKERFILE)

    def test_the_image_is_made_of_nothing_but_what_the_build_copies_into_it(self):
        self.assertEqual(list(self.stages), ["build", "image"])
        self.assertEqual(self.image.source, "scratch")
        copies = [one.flags[0] for one in self.image.instructions if one.cmd == "COPY"]
        self.assertEqual(set(copies), {"--from=build"})

    def test_the_build_has_a_rust_that_the_workspace_takes(self):
        has = re.fullmatch(r"rust:(\d+)\.(\d+)-slim-\w+", self.stages["build"].source).groups()
        self.assertGreaterEqual(tuple(map(int, has)), tuple(map(int, workspace()["package"]["rust-version"].split("."))))

    def test_its_user_is_a_number_and_not_root(self):
        self.assertRegex(self.image.user, r"^[1-9]\d*:[1-9]\d*$")

    def test_its_labels_say_what_it_is(self):
        labels = {name.removeprefix("org.opencontainers.image."): value for name, value in self.image.labels.items()}
        self.assertEqual(set(labels), {"title", "description", "vendor", "licenses", "version", "revision"})
        self.assertEqual((labels["version"], labels["licenses"]), (VERSION, workspace()["package"]["license"]))

    def test_it_is_for_production(self):
        self.assertEqual(self.image.environment["AGENTIDP_ENV"], "production")

    def test_the_build_gets_the_crates_of_the_workspace_and_nothing_else_of_this_folder(self):
        paths = image.context()
        tops = {path.split("/")[0] for path in paths}
        self.assertEqual(tops, {".cargo", "Cargo.lock", "Cargo.toml", "LICENSE", "contract-tests", "fuzz", "generated", "impl", "migrations"})
        for member in workspace()["members"]:
            self.assertIn(f"{member}/Cargo.toml", paths)
        tracked = set(judged("git", "ls-files", "--cached", "--others", "--exclude-standard")[1].splitlines())
        self.assertEqual([path for path in paths if os.path.isfile(os.path.join(image.ROOT, path)) and path not in tracked], [])


class Compose(Judged):
    FILE = os.path.join(DEPLOY, "docker-compose.yml")

    @classmethod
    def setUpClass(cls):
        cls.config = cls.resolved()
        cls.services = cls.config["services"]
        cls.ours = {name: one for name, one in cls.services.items() if one["image"].startswith("agentidp:")}

    @classmethod
    def resolved(cls, **settings):
        """The file as Compose reads it, where no .env lies beside it."""
        command = ["docker-compose", "--file", cls.FILE, "--env-file", "/dev/null", "config", "--format", "json"]
        status, said = judged(*command, **settings)
        assert status == 0, said
        return json.loads(said)

    def test_compose_takes_the_file_without_any_setting(self):
        self.finds_nothing("docker-compose", "--file", self.FILE, "--env-file", "/dev/null", "config", "--quiet")
        self.assertEqual(set(self.services), {"postgres", "redis", "migrate", "roles", "bootstrap", "server"})

    def test_the_database_is_what_the_product_requirements_say(self):
        environment = self.services["postgres"]["environment"]
        asked = {"POSTGRES_USER": "sentryagent", "POSTGRES_PASSWORD": "sentryagent", "POSTGRES_DB": "sentryagent_idp"}
        self.assertEqual(environment, asked)
        self.assertEqual((self.services["postgres"]["image"], self.services["redis"]["image"]), ("postgres:15", "redis:7"))
        for name in ("postgres", "redis"):
            self.assertEqual([volume["type"] for volume in self.services[name]["volumes"]], ["volume"])

    def test_what_is_ours_has_no_privileges_and_a_root_that_it_cannot_write(self):
        self.assertEqual(set(self.ours), {"migrate", "bootstrap", "server"})
        for name, service in self.ours.items():
            with self.subTest(name):
                self.assertEqual(service["image"], f"agentidp:{VERSION}")
                self.assertTrue(service["read_only"])
                self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]))

    def test_the_server_alone_is_published_and_on_this_machine_alone(self):
        self.assertEqual([name for name, one in self.services.items() if "ports" in one], ["server"])
        (port,) = self.services["server"]["ports"]
        self.assertEqual((port["host_ip"], port["published"], port["target"]), ("127.0.0.1", "3000", 3000))
        self.assertTrue(self.config["networks"]["backend"]["internal"])
        self.assertEqual([name for name, one in self.services.items() if "front" in one["networks"]], ["server"])

    def test_each_service_waits_for_what_it_needs(self):
        waits = {
            (name, other): condition["condition"].removeprefix("service_")
            for name, one in self.services.items() for other, condition in one.get("depends_on", {}).items()
        }
        self.assertEqual(waits, {
            ("migrate", "postgres"): "healthy",
            ("roles", "migrate"): "completed_successfully",
            ("bootstrap", "roles"): "completed_successfully",
            ("server", "bootstrap"): "completed_successfully",
            ("server", "postgres"): "healthy",
            ("server", "redis"): "healthy",
        })

    def test_a_server_that_stops_has_the_time_that_it_takes(self):
        grace = int(self.services["server"]["stop_grace_period"].removesuffix("s"))
        said = judged(os.environ["AGENTIDP_BIN"], "--help")[1]
        notice, requests = (
            int(re.search(rf"{name}\n.*\n\s+default: (?:0, in production )?(\d+)", said)[1])
            for name in ("AGENTIDP_SHUTDOWN_NOTICE_SECONDS", "AGENTIDP_SHUTDOWN_SECONDS")
        )
        self.assertGreater(grace, notice + requests + EVENTS_WITHIN)

    def test_the_server_takes_what_the_example_sets_for_production(self):
        example = settings_of(os.path.join(DEPLOY, ".env.example"))
        given = example | {"POSTGRES_PASSWORD": "a1b2", "APPLICATION_PASSWORD": "c3d4"}
        services = self.resolved(**given)["services"]
        self.are_settings_of_production(services["server"]["environment"])
        self.assertIn(":a1b2@", services["migrate"]["environment"]["DATABASE_URL"])
        self.assertIn(":c3d4@", services["server"]["environment"]["DATABASE_URL"])
        self.assertEqual(services["server"]["environment"]["JWT_ISSUER"], example["JWT_ISSUER"])
        # And it has every variable that the file reads, but those that are settings of the server by the same name.
        with open(self.FILE, encoding="utf-8") as file:
            read = set(re.findall(r"\$\{(\w+)", file.read()))
        server = settings_of_server()
        self.assertEqual(read - set(example) - server, set())
        self.assertEqual(set(example) - read, set())


def settings_of_server():
    with open(os.path.join(image.ROOT, ".env.example"), encoding="utf-8") as file:
        return set(re.findall(r"^# ([A-Z_]+)=", file.read(), re.M))


class Kubernetes(Judged):
    @classmethod
    def setUpClass(cls):
        cls.text, cls.objects = {}, {}
        for name in ("server", "migration"):
            status, said = judged("kubectl", "kustomize", os.path.join(DEPLOY, "kubernetes", name))
            assert status == 0, said
            cls.text[name] = said
        for name in ("namespace.yaml", "secrets.example.yaml"):
            with open(os.path.join(DEPLOY, "kubernetes", name), encoding="utf-8") as file:
                cls.text[name] = file.read()
        for name, text in cls.text.items():
            for one in yaml.safe_load_all(text):
                cls.objects[one["kind"], one["metadata"]["name"] if name == "migration" or one["kind"] == "Secret" else name] = one
        cls.all = "\n---\n".join(cls.text.values())
        cls.deployment = cls.objects["Deployment", "server"]["spec"]
        cls.pod = cls.deployment["template"]["spec"]
        (cls.container,) = cls.pod["containers"]
        cls.settings = cls.objects["ConfigMap", "server"]["data"]
        cls.job = cls.objects["Job", "agentidp-migration"]["spec"]["template"]["spec"]

    def needs_go(self, name):
        folder = os.environ["KUBERNETES_JUDGES"]
        if not folder:
            self.skipTest("there is no Go, which builds it")
        return os.path.join(folder, name)

    def test_kubernetes_has_everything_that_the_manifests_name(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.all)
            file.flush()
            for version in KUBERNETES:
                with self.subTest(version):
                    said = self.finds_nothing("kubernetes-validate", "--strict", "--kubernetes-version", version, file.name)
                    self.assertEqual(said.count(" passed for resource "), len(self.objects))

    def test_kube_score_finds_nothing(self):
        options = ["--exit-one-on-warning", "--output-format", "ci"]
        said = self.finds_nothing(self.needs_go("kube-score"), "score", *options, "-", text=self.all)
        self.assertIn("[OK]", said)

    def test_the_pods_keep_to_the_pod_security_standard_that_their_namespace_enforces(self):
        labels = self.objects["Namespace", "namespace.yaml"]["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")
        said = self.finds_nothing(self.needs_go("judge"), text=self.all)
        self.assertEqual(said, '2 pod(s) keep to "restricted"\n')

    def test_there_are_three_servers_and_never_fewer_than_two_by_intent(self):
        self.assertEqual(self.deployment["replicas"], 3)
        self.assertEqual(self.deployment["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})
        self.assertEqual(self.objects["PodDisruptionBudget", "server"]["spec"]["maxUnavailable"], 1)

    def test_the_image_is_of_this_version(self):
        self.assertEqual([self.container["image"], self.job["initContainers"][0]["image"]], [f"agentidp:{VERSION}"] * 2)

    def test_a_server_that_stops_has_the_time_that_it_takes(self):
        takes = sum(int(self.settings[f"AGENTIDP_SHUTDOWN_{name}"]) for name in ("NOTICE_SECONDS", "SECONDS"))
        self.assertGreater(self.pod["terminationGracePeriodSeconds"], takes + EVENTS_WITHIN)

    def test_a_server_says_that_it_goes_for_longer_than_it_takes_to_be_noticed(self):
        probe = self.container["readinessProbe"]
        noticed = probe["failureThreshold"] * probe["periodSeconds"] + probe["timeoutSeconds"]
        self.assertGreater(int(self.settings["AGENTIDP_SHUTDOWN_NOTICE_SECONDS"]), noticed)

    def test_the_probes_ask_what_the_specification_has(self):
        with open(os.path.join(image.ROOT, "openapi.yaml"), encoding="utf-8") as file:
            paths = yaml.safe_load(file)["paths"]
        asked = {kind: self.container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
        self.assertEqual(asked, {"startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready"})
        self.assertLessEqual(set(asked.values()), set(paths))

    def test_the_server_takes_its_settings_and_the_secrets_names_are_settings(self):
        self.assertEqual([list(source) for source in self.container["envFrom"]], [["configMapRef"], ["secretRef"]])
        secret = self.objects["Secret", self.container["envFrom"][1]["secretRef"]["name"]]["stringData"]
        names = self.settings | secret
        self.assertEqual(set(names) - settings_of_server(), set())
        self.are_settings_of_production(names)

    def test_the_master_key_is_a_file_that_the_servers_group_can_read_and_nobody_else(self):
        volumes = {one["name"]: one for one in self.pod["volumes"]}
        (mount,) = [one for one in self.container["volumeMounts"] if "secret" in volumes[one["name"]]]
        secret = volumes[mount["name"]]["secret"]
        ((file, _),) = self.objects["Secret", secret["secretName"]]["stringData"].items()
        self.assertEqual(self.settings["AGENTIDP_MASTER_KEY_FILE"], f"{mount['mountPath']}/{file}")
        self.assertEqual(secret["defaultMode"], 0o440)
        self.assertEqual(self.pod["securityContext"]["fsGroup"], self.pod["securityContext"]["runAsGroup"])
        self.assertEqual(str(self.pod["securityContext"]["runAsUser"]), image.stages()["image"].user.split(":")[0])

    def test_every_secret_that_is_asked_for_is_in_the_example(self):
        secrets = {name: set(one["stringData"]) for (kind, name), one in self.objects.items() if kind == "Secret"}
        asked = [
            one["valueFrom"]["secretKeyRef"] for container in self.job["initContainers"] + self.job["containers"]
            for one in container["env"] if "valueFrom" in one
        ]
        self.assertEqual(len(asked), 3)
        for one in asked:
            self.assertIn(one["key"], secrets[one["name"]])

    def test_the_documents_commands_make_what_the_manifests_ask_for(self):
        with open(os.path.join(image.ROOT, "docs", "deployment.md"), encoding="utf-8") as file:
            commands = re.findall(r"^kubectl create .*?(?<!\\)\n", file.read(), re.M | re.S)
        made = {}
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(os.environ["AGENTIDP_BIN"], f"{folder}/agentidp")
            os.symlink(DEPLOY, f"{folder}/deploy")
            with open(f"{folder}/ca.pem", "w", encoding="utf-8") as file:
                file.write("a certificate")
            passwords = {f"{name}_PASSWORD": "a1b2" for name in ("APPLICATION", "OWNER", "REDIS")}
            for command in commands:
                command = f"cd {folder}; {command.rstrip()} --dry-run=client --output=json"
                path = f"{folder}:{os.environ['PATH']}"
                one = json.loads(self.finds_nothing("bash", "-euc", command, PATH=path, **passwords))
                made[one["kind"], one["metadata"]["name"]] = one
        self.assertEqual({one["metadata"]["namespace"] for one in made.values()}, {"agentidp"})
        for (kind, name), one in self.objects.items():
            if kind == "Secret":
                self.assertEqual(set(made.pop((kind, name))["data"]), set(one["stringData"]), name)
        asked = {volume["configMap"]["name"] for volume in self.pod["volumes"] + self.job["volumes"] if "configMap" in volume}
        self.assertEqual(set(made), {("ConfigMap", name) for name in asked})
        self.assertEqual(list(made["ConfigMap", "agentidp-authority"]["data"]), ["ca.pem"])
        self.assertEqual(list(made["ConfigMap", "agentidp-roles"]["data"]), ["roles.sql"])

    def test_neither_gets_what_only_the_other_needs(self):
        self.assertNotIn("agentidp-owner", self.text["server"])
        self.assertNotIn("agentidp-master-key", self.text["migration"])


if __name__ == "__main__":
    unittest.main()
