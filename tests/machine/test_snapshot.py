"""This machine at this moment, by its files."""

import pytest

from change_events.errors import InputError
from change_events.machine.snapshot import take_snapshot
from tests.machine.world import BOOTS, NOON, minutes


def test_a_boot_is_known_by_the_kernels_id_and_begins_when_it_says(world):
    found = take_snapshot({}, world.root)
    assert (found.boot_id, found.booted_at, found.container) == (BOOTS[0], NOON, False)
    assert take_snapshot({}, world.root).boot == found.boot
    world.boot(1)
    assert take_snapshot({}, world.root).boot != found.boot


def test_a_containers_start_is_a_boot_of_its_own_on_the_same_kernel(world):
    world.write(".dockerenv", "")
    world.boot(ticks=6_000)
    first = take_snapshot({}, world.root)
    world.boot(ticks=12_000)
    second = take_snapshot({}, world.root)
    assert (first.container, first.boot_id) == (True, second.boot_id)
    assert first.boot != second.boot
    assert second.booted_at == NOON + minutes(2)


def test_container_managers_that_leave_no_file_set_a_variable(world):
    assert not take_snapshot({}, world.root).container
    assert take_snapshot({"container": "podman"}, world.root).container


def test_where_process_1_cannot_be_looked_at_the_boot_is_the_kernels(world):
    (world.root / "proc/1/stat").unlink()
    assert take_snapshot({}, world.root).booted_at == NOON


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n', "debian 12"),
        ("ID=fedora\nVERSION_ID=41\nOSTREE_VERSION='41.20241122.3.0'\n", "fedora 41.20241122.3.0"),
        ("ID=x\nIMAGE_ID=shop-host\nIMAGE_VERSION=33\nVERSION_ID=1\n", "shop-host 33"),
        ("ID=arch\nBUILD_ID=rolling\n", "arch rolling"),
        ('# a comment\n\nID="odd\nVERSION_ID=1\n', '"odd 1'),
        ("PRETTY_NAME='Some OS'\n", "Some OS"),
        ("", None),
    ],
)
def test_the_image_is_what_os_release_says(world, text, image):
    world.write("usr/lib/os-release", text)
    assert take_snapshot({}, world.root).image == image


def test_etc_goes_before_usr_and_the_variable_before_both(world):
    world.write("usr/lib/os-release", "ID=b\n")
    world.write("etc/os-release", "ID=a\n")
    assert take_snapshot({}, world.root).image == "a"
    assert take_snapshot({"TFEVENT_IMAGE": "registry/shop:1"}, world.root).image == "registry/shop:1"


@pytest.mark.parametrize("name", ["proc/stat", "proc/sys/kernel/random/boot_id"])
@pytest.mark.parametrize("text", [None, ""])
def test_where_nothing_reports_the_boot_a_remedy_is_reported(world, name, text):
    (world.root / name).unlink()
    if text is not None and name == "proc/stat":
        world.write(name, text)
    with pytest.raises(InputError, match=r"send --kind boot"):
        take_snapshot({}, world.root)


def test_this_very_machine():
    found = take_snapshot({})
    assert take_snapshot({}).boot == found.boot
    assert found.booted_at.year >= 2020
