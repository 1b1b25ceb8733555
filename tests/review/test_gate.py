"""How often one may try: by account and by address, with the time passed in."""

from __future__ import annotations

from datetime import timedelta

from inspect_pipeline.review import gate
from inspect_pipeline.review.gate import SignInGate
from tests.review.browsers import MORNING

MINUTE = timedelta(minutes=1)


def test_many_addresses_that_guess_at_one_account_wait_together() -> None:
    door = SignInGate()

    admitted = [door.admit("anna", f"10.0.0.{n}", at=MORNING) for n in range(30)]

    assert admitted.count(None) == gate.TRIES_OF_NAME
    assert admitted[-1] == gate.WINDOW


def test_one_address_that_guesses_at_many_accounts_waits() -> None:
    door = SignInGate()

    admitted = [door.admit(f"user{n}", "10.0.0.1", at=MORNING) for n in range(60)]

    assert admitted.count(None) == gate.TRIES_OF_ADDRESS
    assert door.admit("user1", "10.0.0.2", at=MORNING) is None


def test_the_wait_ends_when_the_oldest_try_is_a_window_old() -> None:
    door = SignInGate()
    for minute in range(gate.TRIES_OF_PAIR):
        assert door.admit("anna", "10.0.0.1", at=MORNING + minute * MINUTE) is None

    assert door.admit("anna", "10.0.0.1", at=MORNING + 5 * MINUTE) == 10 * MINUTE
    assert door.admit("anna", "10.0.0.1", at=MORNING + 15 * MINUTE) is None
    assert door.admit("anna", "10.0.0.1", at=MORNING + 15 * MINUTE) == MINUTE


def test_waiting_people_do_not_make_their_wait_longer() -> None:
    door = SignInGate()
    for _ in range(20):
        door.admit("anna", "10.0.0.1", at=MORNING)

    assert door.admit("anna", "10.0.0.1", at=MORNING + gate.WINDOW) is None


def test_a_right_password_does_not_count_against_the_address() -> None:
    door = SignInGate()
    for n in range(3 * gate.TRIES_OF_ADDRESS):
        assert door.admit(f"user{n}", "10.0.0.1", at=MORNING) is None
        door.forgive(f"user{n}", "10.0.0.1")


def test_a_new_password_frees_the_account() -> None:
    door = SignInGate()
    for _ in range(6):
        door.admit("anna", "10.0.0.1", at=MORNING)
        door.admit("ben", "10.0.0.1", at=MORNING)
    door.forget("anna")

    assert door.admit("anna", "10.0.0.1", at=MORNING) is None
    assert door.admit("ben", "10.0.0.1", at=MORNING) is not None


def test_memory_is_bounded_however_many_names_are_tried() -> None:
    door = SignInGate(max_keys=100)
    for n in range(1000):
        door.admit(f"user{n}", f"10.0.{n // 250}.{n % 250}", at=MORNING)

    assert len(door) <= 100
