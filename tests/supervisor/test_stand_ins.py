"""Where the stand-in for Spectrum answers: the same address for as long as the demo is kept."""

import socket

from erpbridge.supervisor.stack import Stack


def test_the_first_time_a_free_port_and_from_then_on_the_same(stack: Stack) -> None:
    [command, option, address] = stack.load_demo()
    assert (command, option) == ("load_demo", "--spectrum")
    assert address.startswith("http://127.0.0.1:")
    port = int(address.rpartition(":")[2])
    beside = f"sql+plain://127.0.0.1:{port + 1}"
    assert stack.environment["ERPBRIDGE_ALLOWED_ERP_ORIGINS"].split()[-2:] == [address, beside]

    with socket.create_server(("127.0.0.1", port)):
        assert stack.load_demo()[-1] != address  # nothing was loaded yet, and the port is taken
        known = stack.files / "spectrum" / "address"
        known.parent.mkdir()
        known.write_text(address)
        assert stack.load_demo()[-1] == address
