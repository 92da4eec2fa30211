"""The typed value of a document in which no rule found a problem."""

import posixpath
from typing import cast

from chalicelib.devfile.document import View
from chalicelib.devfile.findings import Notice
from chalicelib.devfile.model import (
    Apply,
    Command,
    Composite,
    Container,
    Devfile,
    Endpoint,
    EnvVar,
    Events,
    Exec,
    Exposure,
    GroupKind,
    Project,
    Protocol,
    Remote,
    Volume,
    VolumeMount,
)
from chalicelib.devfile.rules.commands import KINDS, references
from chalicelib.devfile.rules.main import main_component
from chalicelib.devfile.rules.paths import normal
from chalicelib.devfile.rules.projects import checkout_remote, clone_path
from chalicelib.devfile.rules.volumes import DEFAULT_SOURCE_MAPPING, mount_path


def built(root: View, notices: tuple[Notice, ...]) -> Devfile:
    """The devfile of ``root``, with defaults filled in."""
    components = root.items("components")
    main = main_component(root)
    assert main is not None, "rules.main refuses a devfile without one"
    return Devfile(
        schema_version=root.text("schemaVersion"),
        main=main.text("name"),
        name=root.member("metadata").text("name"),
        containers=tuple(_container(each) for each in components if each.has("container")),
        volumes=tuple(_volume(each) for each in components if each.has("volume")),
        commands=tuple(_command(each) for each in root.items("commands")),
        events=_events(root.member("events")),
        projects=tuple(_project(each) for each in root.items("projects")),
        dependent_projects=tuple(_project(each) for each in root.items("dependentProjects")),
        architectures=root.member("metadata").texts("architectures"),
        notices=notices,
    )


def _container(component: View) -> Container:
    container = component.member("container")
    return Container(
        name=component.text("name"),
        image=container.text("image"),
        command=container.texts("command"),
        args=container.texts("args"),
        env=_env(container),
        endpoints=tuple(_endpoint(each) for each in container.items("endpoints")),
        mounts=tuple(
            VolumeMount(m.text("name"), normal(mount_path(m)))
            for m in container.items("volumeMounts")
        ),
        cpu_request=container.text("cpuRequest"),
        cpu_limit=container.text("cpuLimit"),
        memory_request=container.text("memoryRequest"),
        memory_limit=container.text("memoryLimit"),
        mount_sources=container.flag("mountSources", default=True),
        source_mapping=normal(container.text("sourceMapping") or DEFAULT_SOURCE_MAPPING),
    )


def _env(owner: View) -> tuple[EnvVar, ...]:
    return tuple(EnvVar(each.text("name"), each.text("value")) for each in owner.items("env"))


def _endpoint(endpoint: View) -> Endpoint:
    return Endpoint(
        name=endpoint.text("name"),
        target_port=endpoint.member("targetPort").value,
        exposure=cast("Exposure", endpoint.text("exposure") or "public"),
        protocol=cast("Protocol", endpoint.text("protocol") or "http"),
        secure=endpoint.flag("secure"),
        path=endpoint.text("path"),
    )


def _volume(component: View) -> Volume:
    volume = component.member("volume")
    return Volume(
        component.text("name"), size=volume.text("size"), ephemeral=volume.flag("ephemeral")
    )


def _command(command: View) -> Command:
    action = command.member(next(kind for kind in KINDS if command.has(kind)))
    group = action.member("group")
    return Command(
        id=command.text("id"),
        label=action.text("label"),
        group=cast("GroupKind", group.text("kind")) if group.has("kind") else None,
        is_default=group.flag("isDefault"),
        exec=_exec(action) if command.has("exec") else None,
        apply=Apply(action.text("component")) if command.has("apply") else None,
        composite=Composite(references(command), action.flag("parallel"))
        if command.has("composite")
        else None,
    )


def _exec(action: View) -> Exec:
    return Exec(
        container=action.text("component"),
        command_line=action.text("commandLine"),
        working_dir=action.text("workingDir"),
        env=_env(action),
        hot_reload_capable=action.flag("hotReloadCapable"),
    )


def _events(events: View) -> Events:
    def ids(event: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(identifier.lower() for identifier in events.texts(event)))

    return Events(pre_start=ids("preStart"), post_start=ids("postStart"), pre_stop=ids("preStop"))


def _project(project: View) -> Project:
    git = project.member("git")
    return Project(
        name=project.text("name"),
        clone_path=posixpath.normpath(clone_path(project)),
        remotes=tuple(
            Remote(name, remote.value) for name, remote in git.member("remotes").members()
        ),
        checkout_remote=checkout_remote(project),
        revision=git.member("checkoutFrom").text("revision"),
    )
