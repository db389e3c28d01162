from __future__ import annotations

import asyncio
import json

import asyncssh
import pytest

from mlconnector_assets.sandbox import start_sandbox


def options(sandbox, user: str = "acme", **more):
    line = f"[127.0.0.1]:{sandbox.sftp_port} {sandbox.host_keys[0]}"
    return {
        "host": "127.0.0.1",
        "port": sandbox.sftp_port,
        "username": user,
        "known_hosts": asyncssh.import_known_hosts(line),
        "config": None,
        "agent_path": None,
        "client_keys": [asyncssh.import_private_key(sandbox.partner_key(user))],
    } | more


def session(sandbox, work, **more):
    """Log in and run `work(sftp)`."""

    async def run():
        async with asyncssh.connect(**options(sandbox, **more)) as connection, connection.start_sftp_client() as sftp:
            return await work(sftp)

    return asyncio.run(run())


async def upload(sftp, path: str, content: bytes = b"x" * 100_000) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


def test_a_partner_sees_only_its_own_folders(sandbox):
    async def names(sftp):
        return sorted(set(await sftp.listdir("/")) - {".", ".."}), await sftp.realpath("../../../..")

    folders, root = session(sandbox, names)
    assert folders == ["acks", "error", "inbound", "outbound", "processed"]
    assert root == "/"


def test_what_is_uploaded_lies_in_the_partners_folder(sandbox):
    session(sandbox, lambda sftp: upload(sftp, "outbound/ünïcode.csv", b"a;b\n"))
    assert (sandbox.partner_folder("acme") / "outbound" / "ünïcode.csv").read_bytes() == b"a;b\n"
    assert list((sandbox.partner_folder("globex") / "outbound").iterdir()) == []


def test_a_password_does_too(sandbox):
    listing = session(sandbox, lambda sftp: sftp.listdir("/"), client_keys=None, password=sandbox.partner_password("acme"))
    assert "outbound" in listing


@pytest.mark.parametrize("wrong", [{"client_keys": None, "password": "wrong"}, {"username": "stranger"}])
def test_others_are_refused(sandbox, wrong):
    with pytest.raises(asyncssh.PermissionDenied):
        session(sandbox, lambda sftp: sftp.listdir("/"), **wrong)


def test_another_partners_key_is_refused(sandbox):
    key = asyncssh.import_private_key(sandbox.partner_key("globex"))
    with pytest.raises(asyncssh.PermissionDenied):
        session(sandbox, lambda sftp: sftp.listdir("/"), client_keys=[key])


def test_closing_fails(sandbox):
    sandbox.control.fault("sftp_close")
    with pytest.raises(asyncssh.SFTPFailure):
        session(sandbox, lambda sftp: upload(sftp, "outbound/close.csv"))
    session(sandbox, lambda sftp: upload(sftp, "outbound/close.csv"))


def test_the_disk_is_full(sandbox):
    sandbox.control.fault("sftp_full", times=None, after_bytes=40_000)

    async def work(sftp):
        with pytest.raises(asyncssh.SFTPFailure):
            await upload(sftp, "outbound/full.csv")
        return (await sftp.statvfs("/")).bavail

    assert session(sandbox, work) == 0
    sandbox.control.clear()
    session(sandbox, lambda sftp: upload(sftp, "outbound/full.csv"))


def test_a_folder_without_write_permission(sandbox):
    sandbox.control.fault("sftp_read_only", times=None, folder="outbound")

    async def work(sftp):
        for refused in (upload(sftp, "outbound/no.csv"), sftp.mkdir("outbound/no"), sftp.posix_rename("acks", "outbound/acks")):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await refused
        await upload(sftp, "inbound/yes.csv")

    session(sandbox, work)


def test_the_connection_drops_in_mid_transfer(sandbox):
    sandbox.control.fault("sftp_drop", after_bytes=40_000, partner="acme")
    with pytest.raises((asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost)):
        session(sandbox, lambda sftp: upload(sftp, "outbound/drop.csv"))
    session(sandbox, lambda sftp: upload(sftp, "outbound/drop.csv"))


def test_renaming_can_be_forbidden(sandbox):
    session(sandbox, lambda sftp: upload(sftp, "outbound/stays.csv"))
    sandbox.control.fault("sftp_no_rename", times=2)

    async def work(sftp):
        for rename in (sftp.rename, sftp.posix_rename):
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await rename("outbound/stays.csv", "outbound/moved.csv")
        await sftp.rename("outbound/stays.csv", "outbound/moved.csv")

    session(sandbox, work)


def test_the_partner_takes_a_file_the_moment_it_is_there(sandbox):
    sandbox.control.fault("sftp_taken", times=2)

    async def work(sftp):
        await upload(sftp, "outbound/.hidden.part")
        await sftp.rename("outbound/.hidden.part", "outbound/renamed.csv")
        await upload(sftp, "outbound/direct.csv")
        await upload(sftp, "outbound/later.csv")
        return {name for name in await sftp.listdir("outbound") if name in ("renamed.csv", "direct.csv", "later.csv")}

    assert session(sandbox, work) == {"later.csv"}
    taken = sandbox.partner_folder("acme") / "taken"
    assert {path.name for path in taken.iterdir()} == {"renamed.csv", "direct.csv"}


def test_files_can_grow_while_they_are_listed(sandbox):
    sandbox.control.put_file("acme", "inbound/growing.csv", b"one line\n")
    sandbox.control.fault("sftp_growing")

    async def sizes(sftp):
        return [entry.attrs.size for _ in range(3) for entry in await sftp.readdir("inbound") if entry.filename == "growing.csv"]

    assert session(sandbox, sizes) == [9, 23, 23]


def test_a_fault_for_one_partner_spares_the_other(sandbox):
    sandbox.control.fault("sftp_close", times=None, partner="globex")
    session(sandbox, lambda sftp: upload(sftp, "outbound/spared.csv"))


def test_connections_are_refused_until_cleared(sandbox):
    sandbox.control.fault("sftp_down")
    with pytest.raises(ConnectionRefusedError):
        session(sandbox, lambda sftp: sftp.listdir("/"))
    sandbox.control.clear("sftp_down")
    assert "outbound" in session(sandbox, lambda sftp: sftp.listdir("/"))


def test_extensions_can_be_left_out(sandbox):
    async def fsync(sftp):
        async with sftp.open("outbound/sync.csv", "wb") as file:
            await file.write(b"x")
            await file.fsync()

    session(sandbox, fsync)
    sandbox.control.fault("sftp_plain")
    with pytest.raises(asyncssh.SFTPOpUnsupported):
        session(sandbox, fsync)
    session(sandbox, fsync)


def test_names_that_are_no_text_can_arrive(sandbox):
    sandbox.control.put_file("acme", "inbound/x", b"content", raw_name=b"caf\xe9.csv")
    names = session(sandbox, lambda sftp: sftp.listdir(b"inbound"))
    assert b"caf\xe9.csv" in names


def test_the_host_keys_can_change(tmp_path):
    with start_sandbox(tmp_path, moves=5, vendors=3, customers=3) as rebuilt:
        rebuilt.control.change_host_keys()
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            session(rebuilt, lambda sftp: sftp.listdir("/"))
        told = json.loads((tmp_path / "sandbox.json").read_text())["host_keys"]
        assert not set(told) & set(rebuilt.host_keys)
        rebuilt.host_keys = tuple(told)
        assert "outbound" in session(rebuilt, lambda sftp: sftp.listdir("/"))
