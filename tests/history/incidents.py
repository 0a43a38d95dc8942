"""Incidents of a made-up company, from a seed: what was changed before each, and which change was the culprit.

A month lies between two incidents. Two weeks of routine come before each, and six hours of other work: staging with
grave signals, deployments of other services, labels, playbooks. The culprit is one of eleven sorts, each as it is seen
in the field: a capacity lowered, a rule changed, an apply that failed half-way, a fix taken back, a task on one host.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from change_events.history.suspects import Incident
from change_events.model import (
    Action,
    Actor,
    Change,
    ChangeOutcome,
    Kind,
    Outcome,
    Phase,
    Playbook,
    Signal,
    Tool,
    Vcs,
)
from change_events.model.tasks import TaskRun
from tests.history.past import UNKNOWN, change, run

SERVICES = ("shop", "search", "billing", "auth")
PEOPLE = ("ann", "bo", "cy", "dee")
FIRST = datetime(2022, 1, 10, 3, 0, tzinfo=UTC)


class Case(NamedTuple):
    """One incident with all that was recorded before it, the oldest first."""

    sort: str
    incident: Incident
    culprit: str
    events: list


class World:
    """Makes events before one moment; numbers go on, so that no two values are the same by chance."""

    def __init__(self, seed: random.Random, at: datetime, number: int) -> None:
        self.seed, self.at, self.number = seed, at, number
        self.events: list = []

    def next(self) -> int:
        self.number += 1
        return self.number

    def put(self, minutes, *changes, service=None, environment="prod", stack=None, **fields):
        stack = stack or service or "network"
        dirty = fields.pop("dirty", False)
        fields.setdefault("title", f"{environment}/{stack}: {len(changes)} changed")
        event = run(
            minutes + 1,
            *changes,
            stack=f"{environment}/{stack}",
            user=self.seed.choice(PEOPLE),
            now=self.at,
            environment=environment,
            service=service,
            **fields,
        )
        if dirty:
            event = replace(event, vcs=replace(event.vcs, dirty=True))
        self.events.append(event)
        return event

    def deployment(self, minutes, service, environment="prod", **fields):
        return self.put(
            minutes,
            service=service,
            environment=environment,
            kind=Kind.DEPLOYMENT,
            explicit=True,
            title=f"{service} {self.next()} deployed to {environment}",
            actor=Actor(host="ci-1"),
            **fields,
        )

    def image(self, minutes, service, environment="prod"):
        """The routine: a new image of a service."""
        number = self.next()
        return self.put(
            minutes,
            change(f"aws_ecs_service.{service}", attributes={"task_definition": (f"{number}", f"{number + 1}")}),
            service=service,
            environment=environment,
        )

    def labels(self, minutes, service=None, environment="prod"):
        names = [f"aws_lb.{service or 'edge'}", f"aws_db_instance.{service or 'edge'}"]
        number = self.next()
        return self.put(
            minutes,
            *(change(name, attributes={"tags.cost": (f"{number}", f"{number + 1}")}) for name in names),
            service=service,
            environment=environment,
        )

    def play(self, minutes, hosts, task, **fields):
        ran = Change(
            address=task, action=Action.CHANGE, outcome=ChangeOutcome.APPLIED, task=TaskRun(changed_on=tuple(hosts))
        )
        return self.put(
            minutes,
            ran,
            stack="playbooks",
            tool=Tool(name="ansible"),
            playbook=Playbook(file="site.yml", inventory=("prod",)),
            title=f"site.yml: {len(hosts)} hosts changed",
            **fields,
        )


def replace(struct, **fields):
    import msgspec

    return msgspec.structs.replace(struct, **fields)


def signal(name, address=None):
    return (Signal(name=name, reason=name, address=address, outcome=ChangeOutcome.APPLIED),)


def hosts_of(service):
    return [f"{service}{number}" for number in (1, 2, 3)]


def routine(world):
    """Two weeks in which the same things change again and again."""
    for day in range(14, 0, -1):
        for service in SERVICES:
            if world.seed.random() < 0.6:
                minutes = day * 1440 + world.seed.randrange(600)
                world.image(minutes, service)
                world.deployment(minutes - 10, service)
        if day % 4 == 0:
            hosts = [host for service in SERVICES for host in hosts_of(service)]
            world.play(day * 1440 + 300, hosts, "patch : packages")
        if day % 5 == 0:
            world.labels(day * 1440 + 200, world.seed.choice(SERVICES))


def noise(world, service):
    """Six hours of other people's work, some of it right before the incident."""
    others = [other for other in SERVICES if other != service]
    pick = world.seed.choice
    for _ in range(world.seed.randrange(8, 18)):
        minutes = world.seed.randrange(3, 355)
        other = pick(others)
        pick(
            (
                lambda minutes=minutes, other=other: world.image(minutes, other),
                lambda minutes=minutes, other=other: world.deployment(minutes, other),
                lambda minutes=minutes, other=other: world.labels(minutes, pick((other, service, None))),
                lambda minutes=minutes, other=other: world.image(minutes, pick((other, service)), "staging"),
                lambda minutes=minutes, other=other: grave_in_staging(world, minutes, pick((other, service))),
                lambda minutes=minutes, other=other: world.play(minutes, hosts_of(other), "patch : packages"),
                lambda minutes=minutes, other=other: world.put(
                    minutes, change(f"aws_iam_policy.{other}", "create"), service=other, signals=signal("iam_widened")
                ),
                lambda minutes=minutes, other=other: world.put(
                    minutes,
                    change(f"aws_db_instance.{service}", outcome="planned", attributes={"class": ("1", "2")}),
                    service=service,
                    phase=Phase.PLANNED,
                ),
                lambda minutes=minutes, other=other: world.put(
                    minutes,
                    change(f"aws_db_instance.{service}", outcome="not_attempted", attributes={"class": ("1", "2")}),
                    service=service,
                    outcome=Outcome.DECLINED,
                ),
                lambda minutes=minutes, other=other: world.put(
                    minutes, service=other, kind=Kind.BUILD, explicit=True, title=f"{other} built", actor=None
                ),
            )
        )()
    if world.seed.random() < 0.5:  # the service's own last release
        minutes = world.seed.randrange(150, 350)
        world.image(minutes, service)
        world.deployment(minutes - 8, service)
    if world.seed.random() < 0.3:  # something grave, of somebody else
        other = pick(others)
        name = f"aws_autoscaling_group.{other}"
        world.put(
            world.seed.randrange(10, 300),
            change(name, attributes={"max_size": ("9", "6")}),
            service=other,
            signals=signal("capacity_reduced", name),
        )


def grave_in_staging(world, minutes, service):
    name = f"aws_db_instance.{service}"
    return world.put(
        minutes,
        change(name, "destroy"),
        service=service,
        environment="staging",
        signals=signal("stateful_destroyed", name),
    )


def capacity(world, minutes, service):
    name = f"aws_ecs_service.{service}"
    lowered = change(name, attributes={"desired_count": (str(world.next() + 9), "1")})
    return world.put(minutes, lowered, service=service, signals=signal("capacity_reduced", name))


def rule(world, minutes, service):
    number = world.next()
    path = f"default_action[0].target_group_{number}"
    return world.put(minutes, change(f"aws_lb_listener.{service}", attributes={path: ("a", "b")}), service=service)


def failed_half_way(world, minutes, service):
    return world.put(
        minutes,
        change(f"aws_db_parameter_group.{service}", attributes={"parameter": (str(world.next()), "x")}),
        change(f"aws_db_instance.{service}", outcome="failed", attributes={"class": ("a", "b")}),
        service=service,
        outcome=Outcome.PARTIAL,
    )


def release(world, minutes, service):
    return world.deployment(min(minutes, 25), service)


def fix_taken_back(world, minutes, service):
    name, before, after = f"aws_db_parameter_group.{service}", f"{world.next()}", f"{world.next()}"
    world.put(
        minutes + world.seed.randrange(1500, 5000),
        change(name, attributes={"max_connections": (before, after)}),
        service=service,
        title=f"prod/{service}: fix exhausted connections",
        vcs=Vcs(repository="acme/infra", path=f"prod/{service}", commit="f" * 40, subject="Fix exhausted connections"),
    )
    return world.put(minutes, change(name, attributes={"max_connections": (after, before)}), service=service)


def task_on_host(world, minutes, service):
    return world.play(minutes, hosts_of(service)[:2], f"nginx : config {world.next()}")


def replaced(world, minutes, service):
    name = f"aws_instance.{service}[0]"
    made_anew = change(
        name, "replace", attributes={"ami": (str(world.next()), str(world.next())), "id": ("i-0", UNKNOWN)}
    )
    return world.put(minutes, made_anew, service=service, signals=signal("downtime_likely", name))


def rebooted(world, minutes, service):
    host = hosts_of(service)[0]
    return world.put(
        minutes, kind=Kind.BOOT, explicit=True, actor=Actor(host=host), title=f"{host} booted",
        signals=signal("kernel_changed"),
    )  # fmt: skip


def network(world, minutes, _service):
    changes = [
        change(f"aws_route.private[{number}]", attributes={"nat_gateway_id": (str(world.next()), str(world.next()))})
        for number in range(4)
    ]
    return world.put(minutes, *changes, signals=signal("traffic_moved", "aws_route.private"))


def hand_made_change_undone(world, minutes, service):
    name = f"aws_autoscaling_group.{service}"
    return world.put(
        minutes,
        change(name, attributes={"min_size": (str(world.next()), "2")}),
        service=service,
        signals=signal("drift_overwritten", name),
    )


def uncommitted(world, minutes, service):
    name = f"aws_elasticache_cluster.{service}"
    return world.put(
        minutes, change(name, attributes={f"parameter_{world.next()}": ("a", "b")}), service=service, dirty=True
    )


SORTS = (
    capacity, rule, failed_half_way, release, fix_taken_back, task_on_host, replaced, rebooted, network,
    hand_made_change_undone, uncommitted,
)  # fmt: skip
_ON_HOSTS = (task_on_host, rebooted)


def cases(seed: int, number: int):
    """``number`` incidents, the oldest first."""
    chance = random.Random(seed)
    counted = 0
    for index in range(number):
        at = FIRST + timedelta(days=30 * index, minutes=chance.randrange(600))
        world = World(chance, at, counted)
        sort, service = SORTS[index % len(SORTS)], chance.choice(SERVICES)
        routine(world)
        noise(world, service)
        culprit = sort(world, chance.choice((chance.randrange(2, 40), chance.randrange(20, 150))), service)
        known_service = service if sort not in _ON_HOSTS and chance.random() < 0.65 else None
        host = hosts_of(service)[0] if sort in _ON_HOSTS else None
        counted = world.number
        environment = "prod" if chance.random() < 0.8 else None
        incident = Incident(at, service=known_service, environment=environment, host=host)
        events = sorted(world.events, key=lambda event: event.started_at)
        yield Case(sort.__name__, incident, culprit.id, events)
