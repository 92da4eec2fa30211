"""Devfiles that are valid by construction, with values at the edge of what is allowed."""

from random import Random
from typing import Any

Tree = dict[str, Any]

VERSIONS = ("2.0.0", "2.1.0", "2.2.0", "2.2.1", "2.2.2", "2.3.0")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAME = _LETTERS + "0123456789"
_TEXTS = ("", "x", "a b", "$HOME", "$(A)", "$$(B)", "${C}", "no", "010", "1:20", "ü€😀", "'\"\\", "#x", "- y", "{z}",
          "%d", "a\nb", "\ttab", "~", "null", "{{", "}}", "{{unknown}}", "x" * 300)  # fmt: skip
_CPU = ("1", "500m", "0.25", "2e0", "1.", "4", "1500m", "100m")
_MEMORY = ("512Mi", "1Gi", "1G", "1e9", "2048Mi", "1.5Gi", "300M", "1073741824")
_SIZES = ("1Gi", "512Mi", "0", "100M", "3Gi", "1.5Gi")
_IMAGES = (
    "debian", "docker.io/library/python:3.12", "registry.example.com:5000/a/b/c:v1.0_x-y",
    "a.example/b@sha256:" + "0" * 64,
)  # fmt: skip
_PATHS = ("/data", "/var/lib/x", "/a/./b", "/opt//x", "/home/user", "/srv/with space")
_REVISIONS = ("", "main", "v1.0", "feature/x", "0" * 40, "a@b", "x+y")


class Grammar:
    """Makes one devfile."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()
        self._ports: dict[int, int] = {}
        self.version = chance.choice(VERSIONS)

    def devfile(self) -> Tree:
        """A devfile that should be accepted."""
        chance = self._chance
        volumes = [self._volume() for _ in range(chance.choice((0, 0, 1, 2, 4)))]
        containers = [
            self._container(number, volumes) for number in range(chance.choice((1, 1, 2, 3, 6)))
        ]
        tree: Tree = {"schemaVersion": self.version, "components": [*containers, *volumes]}
        chance.shuffle(tree["components"])
        self._add_commands(tree, [each["name"] for each in containers])
        if self._maybe():
            tree["metadata"] = {"name": self.name(), "tags": ["a", "b"]}
        if self.version != "2.0.0" and self._maybe():
            tree["variables"] = {self.name(): self._text() for _ in range(3)}
        if self._maybe():
            tree["projects"] = [self._project() for _ in range(chance.choice((1, 1, 2, 5)))]
        if self.version >= "2.2.2" and chance.random() < 0.2:
            tree["dependentProjects"] = [self._project()]
        if chance.random() < 0.2:
            starter = self._project()
            starter.pop("clonePath", None)
            tree["starterProjects"] = [starter]
        if self.version >= "2.2.0" and chance.random() < 0.2:
            tree["components"] += self._inert()
        return tree

    def name(self, most: int = 63) -> str:
        """A name that no other element has."""
        while True:
            length = self._chance.choice((1, 2, 5, 8, 15, most))
            middle = "".join(
                self._chance.choices(_NAME + "-", k=min(length, most) - 2 if length > 2 else 0)
            )
            name = self._chance.choice(_LETTERS) + middle + self._chance.choice(_NAME)
            if name not in self._taken and len(name) <= most and not name.startswith("berth-"):
                self._taken.add(name)
                return name

    def _maybe(self) -> bool:
        return self._chance.random() < 0.4

    def _text(self) -> str:
        return self._chance.choice(_TEXTS)

    def _volume(self) -> Tree:
        volume: Tree = {}
        if self._maybe():
            volume["size"] = self._chance.choice(_SIZES)
        if self.version != "2.0.0" and self._maybe():
            volume["ephemeral"] = self._chance.random() < 0.5
        return {"name": self.name(), "volume": volume}

    def _container(self, number: int, volumes: list[Tree]) -> Tree:
        chance = self._chance
        container: Tree = {"image": chance.choice(_IMAGES)}
        for key in ("command", "args"):
            if self._maybe():
                container[key] = [self._text() or "x" for _ in range(chance.randint(1, 4))]
        if self._maybe():
            container["env"] = [
                {"name": f"V_{n}.a-{number}", "value": self._text()}
                for n in range(chance.choice((1, 3, 20)))
            ]
        if self._maybe():
            container["endpoints"] = [
                self._endpoint(number) for _ in range(chance.choice((1, 2, 6)))
            ]
        self._add_resources(container)
        self._add_mounts(container, volumes)
        if number and self._maybe():
            container["mountSources"] = chance.random() < 0.5
        component: Tree = {"name": self.name(), "container": container}
        if number == 0:
            component["attributes"] = {"berth.dev/main": True}
        return component

    def _add_resources(self, container: Tree) -> None:
        keys = {"memoryLimit": _MEMORY}
        if self.version != "2.0.0":
            keys |= {"cpuLimit": _CPU}
        for key, values in keys.items():
            if self._maybe():
                container[key] = self._chance.choice(values)
        if self.version != "2.0.0" and self._chance.random() < 0.2:
            container |= {"cpuRequest": "10m", "memoryRequest": "64Mi"}

    def _add_mounts(self, container: Tree, volumes: list[Tree]) -> None:
        chosen = [each for each in volumes if self._maybe()][: len(_PATHS)]
        places = self._chance.sample(_PATHS, len(chosen))
        if chosen:
            container["volumeMounts"] = [
                {"name": each["name"], "path": place}
                for each, place in zip(chosen, places, strict=True)
            ]

    def _endpoint(self, owner: int) -> Tree:
        chance = self._chance
        port = chance.choice((1, 80, 443, 3000, 8080, 65535, chance.randint(1, 65535)))
        while self._ports.setdefault(port, owner) != owner or port in (7681, 60001, 60022):
            port = chance.randint(1024, 65535)
        endpoint: Tree = {
            "name": self.name(63 if self.version < "2.2.0" else 15),
            "targetPort": port,
        }
        if self._maybe():
            endpoint["exposure"] = chance.choice(("public", "internal", "none"))
        if self._maybe():
            endpoint["protocol"] = chance.choice(("http", "https", "ws", "wss", "tcp", "udp"))
        if self._maybe():
            endpoint["path"] = chance.choice(("/", "/a?b=c#d", "?x", "a/b"))
        if self._maybe():
            endpoint["secure"] = True
        return endpoint

    def _add_commands(self, tree: Tree, containers: list[str]) -> None:
        chance = self._chance
        execs, applies = list[str](), list[str]()
        commands: list[Tree] = []
        for _ in range(chance.choice((0, 0, 1, 3, 10))):
            identifier = self.name()
            step: Tree = {
                "component": chance.choice(containers),
                "commandLine": self._text() or "true",
            }
            if self._maybe():
                step["workingDir"] = chance.choice(
                    ("$PROJECT_SOURCE", "${PROJECTS_ROOT}/a", "sub folder")
                )
            if self._maybe():
                step["env"] = [{"name": "E", "value": self._text()}]
            commands.append({"id": identifier, "exec": step})
            execs.append(identifier)
        if len(containers) > 1 and self._maybe():
            identifier = self.name()
            commands.append({"id": identifier, "apply": {"component": containers[-1]}})
            applies.append(identifier)
        while execs and chance.random() < 0.3:
            identifier = self.name()
            chosen = chance.choices(execs, k=2)
            commands.append(
                {"id": identifier, "composite": {"commands": chosen, "parallel": self._maybe()}}
            )
            if len(commands) < 8:
                execs.append(identifier)
        if commands:
            tree["commands"] = commands
            tree["events"] = {
                "postStart": execs[-2:],
                "preStop": execs[:1],
                "preStart": applies,
            }

    def _project(self) -> Tree:
        chance = self._chance
        remotes = {"origin": "https://git.example.com/team/app.git"}
        source: Tree = {"remotes": remotes}
        if self._maybe():
            source["checkoutFrom"] = {"remote": "origin", "revision": chance.choice(_REVISIONS)}
        project: Tree = {"name": self.name(), "git": source}
        if self._maybe():
            project["clonePath"] = f"{self.name()}/x"
        return project

    def _inert(self) -> list[Tree]:
        return [
            {"name": self.name(), "kubernetes": {"inlined": "kind: Pod"}},
            {"name": self.name(), "image": {"imageName": "x", "dockerfile": {"uri": "Dockerfile"}}},
        ]
