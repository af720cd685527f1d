"""What deploy/Dockerfile makes, made without an engine: its build stage is run in a clean Debian root, its last stage is put
together as a second root. What is run is read out of the Dockerfile.

    image.py build FOLDER    makes FOLDER/image; takes root, debootstrap, and a Rust toolchain

One thing is not as in an engine: the base image of the build stage cannot be had here. In its place stands what it is made
of: Debian's release with the packages of the image's own Dockerfile, and this machine's Rust toolchain, mounted.
"""

import os
import re
import shutil
import subprocess
import sys

import dockerfile
from docker.utils.build import exclude_paths

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCKERFILE = os.path.join(ROOT, "deploy", "Dockerfile")

# What the images named rust:VERSION-slim-RELEASE add to Debian's, beside the toolchain.
BASE_PACKAGES = ["ca-certificates", "gcc", "libc6-dev"]
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


class Stage:
    """The instructions from one FROM to the next, with what they set."""

    def __init__(self, source):
        self.source = source
        self.instructions = []
        self.environment, self.labels = {}, {}
        self.user = self.folder = self.entrypoint = self.command = self.health = None
        self.shell = ["/bin/sh", "-c"]

    def add(self, one):
        self.instructions.append(one)
        pairs = dict(zip(one.value[::2], (value.strip('"') for value in one.value[1::2])))
        match one.cmd.upper():
            case "ENV":
                self.environment |= pairs
            case "LABEL":
                self.labels |= pairs
            case "USER":
                self.user = one.value[0]
            case "WORKDIR":
                self.folder = one.value[0]
            case "ENTRYPOINT":
                self.entrypoint = list(one.value)
            case "CMD":
                self.command = list(one.value)
            case "HEALTHCHECK":
                kind, *self.health = one.value
                assert kind == "CMD" and one.json, "a health check that is a list needs no shell to be taken apart"
            case "SHELL":
                self.shell = list(one.value)


def stages():
    """The Dockerfile's stages in their order, by name; the last one's is "image"."""
    found = {}
    for one in dockerfile.parse_file(DOCKERFILE):
        if one.cmd.upper() == "FROM":
            name = one.value[2] if len(one.value) == 3 else "image"
            found[name] = Stage(one.value[0])
        else:
            list(found.values())[-1].add(one)
    return found


def context():
    """What Docker sends to the build, as .dockerignore says: paths below the repository's root."""
    with open(os.path.join(ROOT, ".dockerignore"), encoding="utf-8") as file:
        patterns = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    # The client sends these two as well; the builder takes them away before COPY sees them.
    return sorted(set(exclude_paths(ROOT, patterns, "deploy/Dockerfile")) - {".dockerignore", "deploy/Dockerfile"})


def enter(root, command, *, folder="/", environment=None, mounts=(), read_only=False, user=None):
    """The command line that runs `command` with `root` as its file system, in namespaces that end with it.

    `mounts` are (what, where, read_only). A container's user may do nothing beyond its own."""
    script = ["set -eu", 'root=$1; shift', f'mount() {{ {shutil.which("mount")} "$@"; }}', 'mount --bind "$root" "$root"']
    for what, where, is_read_only in mounts:
        script.append(f"mount --bind '{what}' \"$root\"'{where}'")
        if is_read_only:
            script.append(f"mount -o remount,bind,ro \"$root\"'{where}'")
    if read_only:
        # Of this mount alone: what is mounted below it stays as it is.
        script.append('mount -o remount,bind,ro "$root"')
    script += ['mount -t proc proc "$root/proc"', 'mount --rbind /dev "$root/dev"']
    inside = "cd \"$1\"; shift; exec \"$@\""
    # By their paths: the environment is that of the root already.
    chroot = [shutil.which("chroot"), *([f"--userspec={user}"] if user else [])]
    dropped = [shutil.which("setpriv"), "--no-new-privs"] if user else []
    script.append(f'exec {" ".join(dropped + chroot)} "$root" /bin/sh -c \'{inside}\' sh "$@"')
    values = [f"{name}={value}" for name, value in (environment or {}).items()]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private",
            "env", "-i", *values, "/bin/sh", "-c", "\n".join(script), "sh", root, folder, *command]


def run(*command):
    # In a session of its own: what runs for long is not held up by the terminal that it was started from.
    subprocess.run(command, check=True, start_new_session=True, stdin=subprocess.DEVNULL)


def base(folder, release):
    """A root of this release with what the base image has, made once and copied from then on."""
    made = os.path.join(folder, f"base-{release}")
    if not os.path.exists(f"{made}.complete"):
        shutil.rmtree(made, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={','.join(BASE_PACKAGES)}", release, made)
        open(f"{made}.complete", "w", encoding="utf-8").close()
    return made


def toolchain(wanted):
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    version = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()[1]
    if not version.startswith(f"{wanted}."):
        print(f"==> built by Rust {version}, which this machine has; the Dockerfile says {wanted}")
    return sysroot


class Builder:
    """Does the instructions of the build stage in a root of its own."""

    def __init__(self, folder, stage):
        self.folder, self.stage = folder, stage
        version, release = re.fullmatch(r"rust:([0-9.]+)-slim-([a-z]+)", stage.source).groups()
        self.root = os.path.join(folder, "build")
        shutil.rmtree(self.root, ignore_errors=True)
        run("cp", "--archive", "--reflink=auto", base(folder, release), self.root)
        # What an engine lays into every container, and the base image's own settings.
        shutil.copy("/etc/resolv.conf", f"{self.root}/etc/resolv.conf")
        os.makedirs(f"{self.root}/usr/local/rustup", exist_ok=True)
        os.makedirs(f"{self.root}/usr/local/cargo", exist_ok=True)
        self.mounts = [(toolchain(version), "/usr/local/rustup", True)]
        # A network may have an authority of its own; the machine's certificates know it.
        self.mounts.append((f"/{CERTIFICATES}", f"/{CERTIFICATES}", True))
        self.environment = {
            "PATH": "/usr/local/rustup/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root", "CARGO_HOME": "/usr/local/cargo", "DEBIAN_FRONTEND": "noninteractive",
        }
        if "CARGO_BUILD_JOBS" in os.environ:
            self.environment["CARGO_BUILD_JOBS"] = os.environ["CARGO_BUILD_JOBS"]

    def build(self):
        folder, shell = "/", ["/bin/sh", "-c"]
        for one in self.stage.instructions:
            match one.cmd.upper(), one.value:
                case "SHELL", value:
                    shell = list(value)
                case "WORKDIR", (value,):
                    folder = os.path.join(folder, value)
                    os.makedirs(self.root + folder, exist_ok=True)
                case "COPY", (".", "."):
                    self.copy_context(self.root + folder)
                case "RUN", (command,):
                    self.run([*shell, command], folder, one.flags)
                case _:
                    sys.exit(f"deploy/Dockerfile:{one.start_line}: {one.cmd} is not known here")
        return self.root

    def copy_context(self, into):
        for path in context():
            source, target = os.path.join(ROOT, path), os.path.join(into, path)
            if os.path.isdir(source):
                os.makedirs(target, exist_ok=True)
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)

    def run(self, command, folder, flags):
        mounts = list(self.mounts)
        for flag in flags:
            options = dict(part.partition("=")[::2] for part in flag.removeprefix("--mount=").split(","))
            if options.get("type") != "cache":
                sys.exit(f"deploy/Dockerfile: {flag} is not known here")
            cache = os.path.join(self.folder, "cache", options["target"].strip("/").replace("/", "-"))
            os.makedirs(cache, exist_ok=True)
            os.makedirs(self.root + options["target"], exist_ok=True)
            mounts.append((cache, options["target"], False))
        print("RUN", command[-1], flush=True)
        run(*enter(self.root, command, folder=folder, environment=self.environment, mounts=mounts))


def assemble(stage, built, image):
    """Puts together the root of the last stage."""
    shutil.rmtree(image, ignore_errors=True)
    os.makedirs(image)
    for one in stage.instructions:
        if one.cmd.upper() != "COPY":
            continue
        flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in one.flags)
        source, target = one.value
        if flags.pop("from", None) != "build" or not source.endswith("/") or flags.keys() - {"chown"}:
            sys.exit(f"deploy/Dockerfile:{one.start_line}: this COPY is not known here")
        os.makedirs(image + target, exist_ok=True)
        run("cp", "--archive", f"{built}{source}.", image + target)
        run("chown", "--recursive", flags.get("chown", "0:0"), image + target)
    # Where an engine mounts what every container has.
    for folder in ("dev", "proc", "sys"):
        os.makedirs(os.path.join(image, folder), exist_ok=True)
    open(os.path.join(image, "etc/hosts"), "a", encoding="utf-8").close()


def size(folder):
    """Bytes of all files."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(path, name)).st_size
    return total


def build(folder):
    os.makedirs(folder, exist_ok=True)
    found = stages()
    built = Builder(folder, found["build"]).build()
    image = os.path.join(folder, "image")
    assemble(found["image"], built, image)
    shutil.rmtree(built)
    print(f"==> the build stage of deploy/Dockerfile in a clean root of Debian; the image has {size(image) / 1e6:.0f} MB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", folder]:
            build(os.path.abspath(folder))
        case _:
            sys.exit(__doc__)
