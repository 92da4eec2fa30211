"""Each rule beyond the schema, with the place that it names."""

from textwrap import dedent

import pytest

from chalicelib.devfile import read
from tests.devfile.samples import (
    HEAD,
    MINIMAL,
    codes,
    found,
    problems,
    with_container,
    with_root,
)

CONTAINER = "components[0].container"


@pytest.mark.parametrize(
    "members,code,path",
    [
        ("annotation: {}", "unsupported", f"{CONTAINER}.annotation"),
        ("dedicatedPod: true", "unsupported", f"{CONTAINER}.dedicatedPod"),
        ("memoryLimit: 1Gb", "quantity", f"{CONTAINER}.memoryLimit"),
        ("memoryRequest: -1Gi", "quantity", f"{CONTAINER}.memoryRequest"),
        ("cpuLimit: two", "quantity", f"{CONTAINER}.cpuLimit"),
        ("cpuRequest: '2'\ncpuLimit: 1500m", "request-gt-limit", f"{CONTAINER}.cpuRequest"),
        ("memoryRequest: 1Gi\nmemoryLimit: 1000M", "request-gt-limit", f"{CONTAINER}.memoryRequest"),
        ("sourceMapping: projects", "mount-path", f"{CONTAINER}.sourceMapping"),
        ("sourceMapping: //", "mount-path", f"{CONTAINER}.sourceMapping"),
        ("sourceMapping: /a/../b", "mount-path", f"{CONTAINER}.sourceMapping"),
        ("sourceMapping: /a:b", "mount-path", f"{CONTAINER}.sourceMapping"),
        ("sourceMapping: /proc/self", "reserved-mount-path", f"{CONTAINER}.sourceMapping"),
        ("sourceMapping: /.berth", "reserved-mount-path", f"{CONTAINER}.sourceMapping"),
        ("env: [{name: '1A', value: x}]", "env-name", f"{CONTAINER}.env[0].name"),
        ("env: [{name: '', value: x}]", "env-name", f"{CONTAINER}.env[0].name"),
        ("env: [{name: PROJECTS_ROOT, value: x}]", "reserved-env", f"{CONTAINER}.env[0].name"),
        ("env: [{name: BERTH_TOKEN, value: x}]", "reserved-env", f"{CONTAINER}.env[0].name"),
        ("volumeMounts: [{name: v}]", "unknown-volume", f"{CONTAINER}.volumeMounts[0].name"),
        ("endpoints: [{name: e, targetPort: 0}]", "port", f"{CONTAINER}.endpoints[0].targetPort"),
        ("endpoints: [{name: e, targetPort: 8080.0}]", "port", f"{CONTAINER}.endpoints[0].targetPort"),
        ("endpoints: [{name: e, targetPort: 010}]", "wrong-type", f"{CONTAINER}.endpoints[0].targetPort"),
        ("endpoints: [{name: berth-x, targetPort: 1}]", "reserved-name", f"{CONTAINER}.endpoints[0].name"),
        ("endpoints: [{name: e, targetPort: 1, path: 'a b'}]", "endpoint-path", f"{CONTAINER}.endpoints[0].path"),
        ("endpoints: [{name: e, targetPort: 1, annotation: {a: b}}]", "unsupported", f"{CONTAINER}.endpoints[0].annotation"),
        ("endpoints: [{name: e, targetPort: 1, exposure: world}]", "not-one-of", f"{CONTAINER}.endpoints[0].exposure"),
    ],
)  # fmt: skip
def test_containers(members: str, code: str, path: str) -> None:
    """A fault of a container is named at its member."""
    assert [
        (found_code, found_path) for found_code, found_path, _ in found(with_container(members))
    ] == [(code, path)]


@pytest.mark.parametrize("image", ["", " ", "a b", "-x", "a\nb", "a;b", "$(id)", "{{missing}}"])
def test_images(image: str) -> None:
    """Text that is no image reference is refused."""
    text = MINIMAL.replace("debian:12", '"' + image.replace("\n", "\\n") + '"')
    assert codes(text) == ["image"]


MOUNTED = MINIMAL + dedent("""\
        volumeMounts:
        - {{name: v, path: {first}}}
        - {{name: v, path: {second}}}
    - name: v
      volume: {{}}
    """)


@pytest.mark.parametrize(
    "first,second,expected",
    [
        ("/a", "/b", []),
        ("/projects/cache", "/b", []),
        ("/a", "/a/", ["duplicate-mount-path"]),
        ("/a", "//a", ["duplicate-mount-path"]),
        ("/projects", "/b", ["duplicate-mount-path"]),
        ("a", "/b", ["mount-path"]),
        ("/", "/../etc", ["mount-path", "mount-path"]),
        ("/proc", "/sys/fs/cgroup", ["reserved-mount-path"] * 2),
        ("/dev", "//dev/", ["reserved-mount-path"] * 2),
        ("/etc", "/etc/hosts", ["reserved-mount-path"] * 2),
        ("/usr/bin", "/lib64", ["reserved-mount-path"] * 2),
        ("/.berth", "/.berth/bin", ["reserved-mount-path"] * 2),
        ("/.berth-run", "/.berth-variables", ["reserved-mount-path"] * 2),
        ("/var/run/secrets", "/home/berth/", ["reserved-mount-path"] * 2),
        ("/etc/nginx", "/home/berth/.m2", []),
        ("/process", "/usr/local", []),
    ],
)
def test_mounts(first: str, second: str, expected: list[str]) -> None:
    """Mounts are absolute, distinct, and not where the projects are."""
    assert codes(MOUNTED.format(first=first, second=second)) == expected


COMPONENT = """\
- name: {name}
  {kind}
"""


@pytest.mark.parametrize(
    "name,kind,expected",
    [
        ("dev", "volume: {}", ["duplicate-component"]),
        ("berth-tools", "volume: {}", ["reserved-name"]),
        ("projects", "volume: {}", ["reserved-name"]),
        ("v", "volume: {size: much}", ["quantity"]),
        ("v", "volume:", ["wrong-type"]),
        ("v", "vulome: {}", ["unknown-key", "kind-missing"]),
        ("v", "volume: {}\n  container: {image: a}", ["kind-several"]),
        ("c", "image: {imageName: a, dockerfile: {uri: b}}", []),
        ("c", "image: {imageName: a, autoBuild: true, dockerfile: {uri: b}}", ["unsupported"]),
        ("c", "image: {imageName: a, dockerfile: {git: {remotes: {}}}}", ["remote-missing"]),
        ("c", "kubernetes: {uri: a}", []),
        ("c", "kubernetes: {uri: a, deployByDefault: true}", ["unsupported"]),
        ("c", "kubernetes: {uri: 'http://'}", ["bad-uri"]),
        ("c", "openshift: {uri: a}", []),
        ("c", "plugin: {uri: a}", ["unsupported"]),
        ("c", "custom: {componentClass: a}", ["unsupported"]),
        ("c", "container: {image: a}\n  attributes: {pod-overrides: {}}", ["unsupported"]),
        ("c", "container: {image: a}\n  attributes: {container-overrides: {}}", ["unsupported"]),
        ("c", "container: {image: a}\n  attributes: {berth.dev/mian: true}", ["unknown-attribute"]),
        ("c", "container: {image: a}\n  attributes: {berth.dev/main: 'yes'}", ["wrong-type"]),
        ("c", "container: {}", ["missing"]),
    ],
)  # fmt: skip
def test_components(name: str, kind: str, expected: list[str]) -> None:
    """Components have one name and one kind, one that Berth runs."""
    assert sorted(codes(MINIMAL + COMPONENT.format(name=name, kind=kind))) == sorted(expected)


def test_an_unsupported_member_is_named_once() -> None:
    """Nothing below a refused member is judged."""
    text = with_root("""
        - name: k
          custom: {componentClass: a, nonsense: 1}
        parent: {nonsense: 1, uri: 5}
        """)
    assert [path for _, path, _ in found(text)] == ["components[1].custom", "parent"]


COMMANDS = (
    with_root("""
    commands:
    - {{id: build, exec: {{component: dev, commandLine: make}}}}
    - {{id: start, apply: {{component: dev}}}}
    - {{id: both, composite: {{commands: [build, start]}}}}
    - {{id: extra, {extra}}}
    events: {{{events}}}
    """)
    .replace("{{", "{")
    .replace("}}", "}")
)


def commands(extra: str = "composite: {commands: []}", events: str = "") -> str:
    """A devfile with commands of each kind, and one more."""
    return COMMANDS.replace("{extra}", extra).replace("{events}", events)


@pytest.mark.parametrize(
    "extra,expected",
    [
        ("exec: {component: dev, commandLine: a}", []),
        ("exec: {component: none, commandLine: a}", ["command-component"]),
        ("apply: {component: none}", ["command-component"]),
        ("composite: {commands: [Build]}", []),
        ("composite: {commands: [none]}", ["composite-unknown"]),
        ("composite: {commands: [extra, build]}", ["composite-self"]),
        ("custom: {commandClass: a}", ["unsupported"]),
        ("exec: {component: dev}", ["missing"]),
        ("exec: {component: dev, commandLine: a, env: [{name: BERTH_X, value: y}]}", ["reserved-env"]),
    ],
)  # fmt: skip
def test_commands(extra: str, expected: list[str]) -> None:
    """Commands run in containers that are there, and composites call commands that are there."""
    assert codes(commands(extra)) == expected


def test_circles_of_commands_are_each_named() -> None:
    """Two separate circles are two problems; a chain into a circle is none of its own."""
    text = with_root("""
        commands:
        - {id: a, composite: {commands: [b]}}
        - {id: b, composite: {commands: [c]}}
        - {id: c, composite: {commands: [a]}}
        - {id: d, composite: {commands: [e]}}
        - {id: e, composite: {commands: [D]}}
        - {id: f, composite: {commands: [a]}}
        """)
    assert codes(text) == ["composite-cycle", "composite-cycle"]


def test_groups() -> None:
    """A group has one default; none among several is told, not refused."""
    text = with_root("""
        commands:
        - {id: a, exec: {component: dev, commandLine: a, group: {kind: run, isDefault: true}}}
        - {id: b, exec: {component: dev, commandLine: a, group: {kind: run, isDefault: true}}}
        """)
    assert codes(text) == ["group-many-defaults"]
    undecided = read(text.replace(", isDefault: true", ""))
    assert [notice.code for notice in undecided.notices] == ["group-no-default"]


@pytest.mark.parametrize(
    "events,expected",
    [
        ("postStart: [build], preStop: [BUILD]", []),
        ("postStart: [none]", ["event-unknown"]),
        ("preStart: ['']", ["event-unknown"]),
        ("postStart: [start]", ["event-type"]),
        ("preStop: [both]", ["event-type"]),
        ("preStart: [build]", ["event-type"]),
        ("postStop: [start]", ["unsupported"]),
        ("onStart: [build]", ["unknown-key"]),
    ],
)
def test_events(events: str, expected: list[str]) -> None:
    """Events name commands of the kind that they can run."""
    kept = "    - {name: kept, container: {image: a}}".strip() + "\n"
    text = commands(events=events).replace("commands:\n", f"{kept}commands:\n", 1)
    assert codes(text) == expected


def test_an_event_may_not_apply_what_berth_leaves_alone() -> None:
    """A cluster component is no problem, a command that applies it neither, but an event that would is."""
    text = with_root("""
        - {name: k, kubernetes: {uri: a, endpoints: [{name: e, targetPort: 1}]}}
        commands:
        - {id: deploy, apply: {component: k}}
        - {id: all, composite: {commands: [deploy]}}
        """)
    assert codes(text) == []
    assert codes(text + "events: {preStart: [all]}") == ["unsupported"]


def test_endpoints_of_cluster_components_count() -> None:
    """Their names are names of the devfile, their ports are not of the workspace."""
    text = with_root("""
        - name: one
          container: {image: a, endpoints: [{name: web, targetPort: 80}]}
        - name: two
          openshift: {inlined: a, endpoints: [{name: web, targetPort: 80}]}
        """)
    assert codes(text) == ["duplicate-endpoint-name"]


def test_events_that_run_too_much_are_refused() -> None:
    """A composite that doubles itself is legal as a command, and too long as an event."""
    lines = ["commands:", "- {id: c0, exec: {component: dev, commandLine: a}}"]
    lines += [
        f"- {{id: c{n}, composite: {{commands: [c{n - 1}, c{n - 1}]}}}}" for n in range(1, 45)
    ]
    text = MINIMAL + "\n".join(lines) + "\n"
    assert codes(text) == []
    assert codes(text + "events: {postStart: [c44]}\n") == ["event-too-long"]
    assert codes(text + "events: {postStart: [c5]}\n") == []


@pytest.mark.parametrize(
    "components,expected",
    [
        ("", ["main-container"]),
        ("components:\n- {name: v, volume: {}}", ["main-container"]),
        (
            "components:\n- {name: c, container: {image: a, mountSources: false}}",
            ["main-container"],
        ),
        (
            (
                "components:\n- {name: c, container: {image: a}}\n"
                "commands:\n- {id: s, apply: {component: c}}\nevents: {preStart: [s]}"
            ),
            ["main-container"],
        ),
        (
            (
                "components:\n- {name: a, container: {image: a}, attributes: {berth.dev/main: true}}\n"
                "- {name: b, container: {image: a}, attributes: {berth.dev/main: true}}"
            ),
            ["main-several"],
        ),
        (
            (
                "components:\n- {name: a, container: {image: a}, attributes: {berth.dev/main: true}}\n"
                "- {name: b, container: {image: a}}\n"
                "commands:\n- {id: s, apply: {component: a}}\nevents: {preStart: [s]}"
            ),
            ["main-container"],
        ),
    ],
)
def test_a_container_for_the_editor_is_needed(components: str, expected: list[str]) -> None:
    """Without a container that stays and has the sources there is no workspace; two main ones are one too many."""
    assert codes(f"{HEAD}{components}\n") == expected


def test_a_container_that_prepares_may_stay() -> None:
    """A container that preStart applies keeps running when a command runs in it, and may get the editor."""
    devfile = read(
        with_root("""
            commands:
            - {id: prepare, apply: {component: dev}}
            - {id: build, exec: {component: dev, commandLine: make}}
            events: {preStart: [prepare]}
            """)
    )
    assert devfile.init_containers == devfile.running_containers == (devfile.main_container,)


def project(members: str) -> str:
    """A devfile with a project."""
    return with_root(f"projects:\n- {{name: app, {members}}}")


def remote(address: str) -> str:
    """A project whose one remote is ``address``."""
    return project(f"git: {{remotes: {{origin: '{address}'}}}}")


@pytest.mark.parametrize(
    "address",
    ["https://a.example/b", "https://a.example:8443/b/c.git", "https://a.example/~u/b", "https://a.example/b%20c"],
)  # fmt: skip
def test_https_remotes_are_accepted(address: str) -> None:
    """A remote is an https address of a host and a path."""
    assert codes(remote(address)) == []


@pytest.mark.parametrize(
    "address,code",
    [
        ("http://a.example/b", "remote-address"),
        ("file:///etc", "remote-address"),
        ("ext::sh -c id", "remote-address"),
        ("--upload-pack=id", "remote-address"),
        ("-oProxyCommand=id:b", "remote-address"),
        ("a.example:-b", "remote-address"),
        ("ssh://-oProxyCommand=id/b", "remote-address"),
        ("https://u:p@a.example/b", "remote-address"),
        ("https://token@a.example/b", "remote-address"),
        ("https://a.example/b c", "remote-address"),
        ("https://a.example/b?c", "remote-address"),
        ("https://a.example", "remote-address"),
        ("", "remote-address"),
        ("ssh://git@a.example/b.git", "unsupported"),
        ("git@a.example:b/c.git", "unsupported"),
    ],
)
def test_other_remotes_are_refused(address: str, code: str) -> None:
    """Nothing that runs a program, opens a file or carries a password is cloned; SSH is not supported yet."""
    assert codes(remote(address)) == [code]


@pytest.mark.parametrize(
    "members,expected",
    [
        ("git: {remotes: {}}", ["remote-missing"]),
        ("git: {remotes: {a: https://x.example/y, b: https://x.example/z}}", ["checkout-remote-missing"]),
        ("git: {remotes: {a: https://x.example/y}, checkoutFrom: {remote: b}}", ["checkout-remote-unknown"]),
        ("git: {remotes: {a: https://x.example/y, b: 'git@x.example:z'}, checkoutFrom: {remote: a}}", ["unsupported"]),
        ("git: {remotes: {a: https://x.example/y}, checkoutFrom: {revision: feature/one}}", []),
        ("git: {remotes: {a: https://x.example/y}, checkoutFrom: {revision: '--help'}}", ["revision"]),
        ("git: {remotes: {a: https://x.example/y}, checkoutFrom: {revision: 'a..b'}}", ["revision"]),
        ("git: {remotes: {'-a': https://x.example/y}}", ["remote-name"]),
        ("git: {remotes: {a..b: https://x.example/y}}", ["remote-name"]),
        ("zip: {location: https://x.example/y}", ["unsupported"]),
        ("clonePath: a/b, git: {remotes: {a: https://x.example/y}}", []),
        ("clonePath: /a, git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
        ("clonePath: ../a, git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
        ("clonePath: a/../../b, git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
        ("clonePath: ., git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
        ("clonePath: a/.GIT/hooks, git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
        ("clonePath: '-a', git: {remotes: {a: https://x.example/y}}", ["clone-path"]),
    ],
)  # fmt: skip
def test_projects(members: str, expected: list[str]) -> None:
    """A project has one remote to clone, a plain revision, and a folder below the root of the projects."""
    assert codes(project(members)) == expected


@pytest.mark.parametrize("second,expected", [("b", []), ("app", ["clone-path-overlap"]), ("app/in", ["clone-path-overlap"])])  # fmt: skip
def test_projects_do_not_overlap(second: str, expected: list[str]) -> None:
    """Two projects are not checked out into one another."""
    text = remote("https://a.example/b") + (
        f"- {{name: two, clonePath: {second}, git: {{remotes: {{o: https://a.example/c}}}}}}\n"
    )
    assert codes(text) == expected


def test_endpoints_of_all_containers() -> None:
    """Endpoint names are unique, and a port belongs to one container, which may name it twice."""
    text = with_container(
        "endpoints: [{name: a, targetPort: 1}, {name: b, targetPort: 1}]"
    ) + dedent("""\
        - name: two
          container:
            image: a
            endpoints: [{name: a, targetPort: 2}, {name: c, targetPort: 1}]
        """)
    assert codes(text) == ["duplicate-endpoint-name", "duplicate-endpoint-port"]


@pytest.mark.parametrize(
    "version,name,expected",
    [
        ("2.0.0", "a" * 63, []),
        ("2.1.0", "a" * 63, []),
        ("2.1.0", "a" * 64, ["too-long"]),
        ("2.2.0", "a" * 15, []),
        ("2.2.0", "a" * 16, ["too-long"]),
        ("2.2.0-latest", "a" * 15, []),
        ("2.2.9", "a" * 16, ["schema-version", "too-long"]),
        ("1.0.0", "a" * 16, ["schema-version"]),
        ("3.0.0", "a" * 16, ["schema-version"]),
        ("2.2.0+x", "a", ["schema-version"]),
    ],
)  # fmt: skip
def test_versions(version: str, name: str, expected: list[str]) -> None:
    """Each version has its own schema; an unknown version is refused, never guessed."""
    text = with_container(f"endpoints: [{{name: {name}, targetPort: 1}}]").replace("2.2.2", version)
    text = text.replace("metadata:\n  name: sample\n", "")
    assert codes(text) == expected


def test_limits() -> None:
    """Lists that are too long are named at their first item too many."""
    many = MINIMAL + "".join(f"- {{name: v{n}, volume: {{}}}}\n" for n in range(20))
    assert found(many) == [("too-many", "components[20]", 27)]
    env = ", ".join(f"{{name: A{n}, value: b}}" for n in range(101))
    assert codes(with_container(f"env: [{env}]")) == ["too-many"]


def test_variables_cannot_fill_the_memory() -> None:
    """Many tokens of one long value are refused before the text is made."""
    text = (
        with_container("args: ['" + "{{a}}" * 5000 + "']") + f"variables: {{a: '{'x' * 30000}'}}\n"
    )
    assert codes(text) == ["variables-too-long"]


def test_messages_can_be_shown() -> None:
    """Whatever a devfile names things, what is said about it is one printable line."""
    text = with_root("""
        - name: "a\\u202e\\nb"
          volume: {}
        - name: two
          container: {image: a, volumeMounts: [{name: "\\t"}], endpoints: [{name: "\\n", targetPort: 0}]}
        commands:
        - {id: "\\u202e", exec: {}, "\\t": 1}
        """)
    told = problems(text)
    assert len(told) > 5
    assert all(problem.message.isprintable() for problem in told)
