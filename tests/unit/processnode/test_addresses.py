import pytest

from devcluster.processnode import addresses

CIDR = "127.211.0.0/23"


def test_two_nodes_never_share_a_slice_and_the_third_finds_none() -> None:
    first, second = addresses.Slice(cidr=CIDR, node="a"), addresses.Slice(cidr=CIDR, node="a")
    try:
        assert not first.network.overlaps(second.network)
        with pytest.raises(addresses.AddressError, match="--pod-cidr"):
            addresses.Slice(cidr=CIDR, node="a")
    finally:
        first.close()
        second.close()


def test_a_node_gets_the_same_slice_again() -> None:
    networks = set()
    for _ in range(3):
        slice_ = addresses.Slice(cidr="127.212.0.0/16", node="process-0")
        networks.add(slice_.network)
        slice_.close()
    assert len(networks) == 1


def test_an_address_that_was_given_back_is_used_last() -> None:
    slice_ = addresses.Slice(cidr="127.213.0.0/29", node="a")
    try:
        first = slice_.take()
        slice_.release(first)
        assert [slice_.take() for _ in range(6)][-1] == first
        with pytest.raises(addresses.AddressError, match="all 6 addresses"):
            slice_.take()
    finally:
        slice_.close()


def test_a_pod_keeps_its_address_over_a_restart_of_the_node_where_it_can() -> None:
    slice_ = addresses.Slice(cidr="127.214.0.0/24", node="a")
    try:
        assert slice_.take("127.214.0.9") == "127.214.0.9"
        assert slice_.take("127.214.0.9") == "127.214.0.1"
        assert slice_.take("10.0.0.1") == "127.214.0.2"
    finally:
        slice_.close()
