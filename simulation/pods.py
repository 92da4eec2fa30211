"""Pods of an agent: the real elector, reflectors, core and shell on a virtual machine, killed and started again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from berth_agent.applier import Applier
from berth_agent.client import Answer, ControlPlane, NoAnswer
from berth_agent.conversation import Identity
from berth_agent.core import Core
from berth_agent.ownership import Owner
from berth_agent.proxy import ProxyInstaller, ProxyPod
from berth_agent.shell import Hands, Shell, follow, start_when_synced
from berth_agent.stops import left_of
from berth_agent.terminator import Terminator
from berth_agent.watches import reflectors
from berth_kube.client import Client
from berth_kube.lease import Candidate, Elector, LeaseTiming
from berth_kube.machine import Machine
from berth_kube.transport import Transport
from chalicelib.wire.labels import FIELD_MANAGER
from chalicelib.wire.reconcile import WakeChannel
from simulation import gateway
from simulation.clocks import ProcessClock
from simulation.machine import VirtualMachine
from simulation.scheduler import Process, Scheduler

NAMESPACE = "berth"
LEASE = "berth-agent"
ADDRESS = "https://berth.test"
RELEASE = 10.0
"""Virtual seconds for the Lease to be released, as the program has."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod is given: its cluster, its credential, its way to the control plane."""

    scheduler: Scheduler
    chance: random.Random
    agent_id: str
    tenant: str
    token: Callable[[], str] = field(repr=False)
    transport: Transport
    exchange: Callable[[gateway.Call], gateway.Answer]
    listen: Callable[[WakeChannel], bool]
    page: int


class Pod:
    """``boot`` starts it; it boots anew whenever its process ends, as the kubelet sees to."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self._around = around
        self._boots = 0
        self.clock = ProcessClock(
            around.scheduler, around.chance.uniform(-2, 2), around.chance.uniform(-1e-4, 1e-4)
        )
        self.process = Process(name, alive=False)
        self.leading_since: float | None = None
        self._uid = 0
        self._shell: Shell | None = None
        self._wanted = True

    def boot(self) -> None:
        """Start the program."""
        if not self._wanted or self.process.alive:
            return
        around, self._boots = self._around, self._boots + 1
        instance = f"{self.name}-{self._boots}"
        self.process = Process(instance)
        machine = VirtualMachine(around.scheduler, self.process, self.clock, around.chance)
        machine.start("main", lambda: self._main(instance, machine))

    def die(self) -> None:
        """End the process, now; kubelet starts it again, sometimes in another pod."""
        if self._around.chance.random() < 0.5:
            self._uid += 1
        self.leading_since = self._shell = None
        self._around.scheduler.after(self._around.chance.uniform(0.5, 20.0), self.boot)
        self._around.scheduler.kill(self.process)

    def ask_to_end(self) -> None:
        """Have the process end in order, as by SIGTERM."""
        if self._shell is not None:
            self._shell.stop()

    def freeze(self, seconds: float) -> None:
        """Let the process stand still, as a stopped virtual machine does."""
        self.process.frozen_until = self._around.scheduler.now + seconds

    def leave(self) -> None:
        """End it for good."""
        self._wanted = False
        self._around.scheduler.kill(self.process)

    def _main(self, instance: str, machine: Machine) -> None:
        around, timing = self._around, LeaseTiming()
        holder = f"{self.name}_{self._uid}"
        elector = Elector(
            Client(around.transport, manager=FIELD_MANAGER, timeout=timing.request),
            Candidate(NAMESPACE, LEASE, holder),
            timing=timing,
            machine=machine,
        )
        client = Client(around.transport, manager=FIELD_MANAGER, before_write=elector.check)
        core = Core(Identity(instance, "simulated", NAMESPACE), page=around.page)
        shell = Shell(core, self._hands(client, machine), machine)
        owner = Owner(around.agent_id, NAMESPACE)
        watches = reflectors(client, owner, shell.changed, machine=machine)

        def lead(epoch: int) -> None:
            self.leading_since = around.scheduler.now
            machine.start("sync", lambda: start_when_synced(watches, epoch, shell))

        follow(watches, machine)
        ended = machine.signal()

        def stand() -> None:
            elector.run(lead, self.die)
            ended.set()

        machine.start("elector", stand)
        self._shell = shell
        shell.run()
        elector.stop()
        ended.wait(RELEASE)
        self.die()

    def _hands(self, client: Client, machine: Machine) -> Hands:
        owner = Owner(self._around.agent_id, NAMESPACE)
        pause = machine.signal().wait
        return Hands(
            control_plane=ControlPlane(ADDRESS, self._around.token, self._exchange),
            applier=Applier(client, owner, pause),
            terminator=Terminator(client, owner),
            proxy=ProxyInstaller(client, owner, ProxyPod()),
            left=partial(left_of, client, owner),
            listen=self._around.listen,
        )

    def _exchange(self, address: str, body: bytes, headers: object) -> Answer:
        del headers
        call = gateway.Call(
            "POST",
            address.removeprefix(ADDRESS),
            self._around.token(),
            body,
            tenant=self._around.tenant,
            subject=self._around.agent_id,
        )
        try:
            answer = self._around.exchange(call)
        except gateway.NoResponse as lost:
            raise NoAnswer(f"no answer from {address}: {lost}") from lost
        return Answer(answer.status, answer.headers, answer.body)
