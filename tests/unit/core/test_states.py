"""The tables of states hold together, and forbid what must never happen."""

from enum import StrEnum
from typing import Any

import pytest

from bridge.core.errors import TransitionRefused
from bridge.core.states import (
    DELIVERY,
    MACHINES,
    REVIEW,
    DeliveryState,
    DeliveryStep,
    Machine,
    ReviewState,
    ReviewStep,
)

machines = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def all_like(member: StrEnum) -> set[StrEnum]:
    return set(type(member))


def steps_of(machine: Machine[Any, Any]) -> set[StrEnum]:
    return all_like(next(iter(machine.table))[1])


@machines
def test_every_state_can_be_reached(machine: Machine[Any, Any]) -> None:
    reached, edge = {machine.initial}, {machine.initial}
    while edge:
        edge = {after for (state, _), after in machine.table.items() if state in edge} - reached
        reached |= edge
    assert reached == all_like(machine.initial)


@machines
def test_every_step_is_used_and_leads_to_one_state(machine: Machine[Any, Any]) -> None:
    steps = steps_of(machine)
    assert {step for _, step in machine.table} == steps
    for step in steps:
        target = machine.target(step)
        assert {machine.next(state, step) for state in machine.sources(step)} == {target}


@machines
def test_what_the_table_does_not_say_is_refused(machine: Machine[Any, Any]) -> None:
    for state in all_like(machine.initial):
        for step in steps_of(machine):
            allowed = (state, step) in machine.table
            assert machine.allows(state, step) is allowed
            assert (state in machine.sources(step)) is allowed
            if not allowed:
                with pytest.raises(TransitionRefused, match=machine.name):
                    machine.next(state, step)


@machines
def test_no_step_leads_nowhere(machine: Machine[Any, Any]) -> None:
    assert all(state is not after for (state, _), after in machine.table.items())


def test_names_are_unique() -> None:
    assert len({machine.name for machine in MACHINES}) == len(MACHINES)


def test_a_step_with_two_targets_is_an_error() -> None:
    table = {
        (ReviewState.HELD, ReviewStep.APPROVE): ReviewState.APPROVED,
        (ReviewState.LAPSED, ReviewStep.APPROVE): ReviewState.HELD,
    }
    with pytest.raises(ValueError, match="2 states"):
        Machine("odd", ReviewState.HELD, table).target(ReviewStep.APPROVE)


def test_only_what_is_held_is_approved() -> None:
    assert REVIEW.sources(ReviewStep.APPROVE) == (ReviewState.HELD,)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (DeliveryState.DELIVERED, DeliveryStep.SEND_AGAIN),
        (DeliveryState.DELIVERED, DeliveryStep.ATTEMPT),
        (DeliveryState.IN_DOUBT, DeliveryStep.ATTEMPT),
        (DeliveryState.IN_DOUBT, DeliveryStep.REFUSE),
        (DeliveryState.UNCERTAIN, DeliveryStep.ATTEMPT),
        (DeliveryState.UNCERTAIN, DeliveryStep.REPLAY),
        (DeliveryState.ATTEMPTING, DeliveryStep.CANCEL),
        (DeliveryState.CANCELLED, DeliveryStep.ATTEMPT),
    ],
)
def test_a_send_that_may_have_happened_is_not_made_again_by_itself(state: DeliveryState, step: DeliveryStep) -> None:
    assert not DELIVERY.allows(state, step)
