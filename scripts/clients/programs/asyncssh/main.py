"""asyncssh: commands, a terminal, sftp and scp, and many channels of one connection."""

import asyncio
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "shared"))
import scenarios as shared  # noqa: E402
import ssh  # noqa: E402
import asyncssh  # noqa: E402

registry = {}


def connect(by_password=False):
    where = {"host": ssh.HOST, "port": ssh.PORT, "known_hosts": ssh.KNOWN_HOSTS, "config": None, "agent_path": None}
    if by_password and ssh.PASSWORD is not None:
        return asyncssh.connect(**where, username=ssh.PASSWORD_USER, password=ssh.PASSWORD, client_keys=None)
    return asyncssh.connect(**where, username=ssh.USER, client_keys=[ssh.KEY])


async def main():
    connection = await connect()

    async def ask(command, stdin="", by=connection):
        done = await by.run(command, input=stdin)
        return [done.exit_status, done.stdout, done.stderr]

    @shared.scenario(registry, "output, errors and status")
    async def said():
        return await ask(ssh.SAID)

    @shared.scenario(registry, "standard input")
    async def stdin():
        return await ask("sha256sum", "x" * 3_000_000)

    @shared.scenario(registry, "much output")
    async def much():
        code, out, _ = await ask(ssh.MUCH)
        return [code, len(out), ssh.digest(out.encode())]

    @shared.scenario(registry, "several channels")
    async def several():
        return await asyncio.gather(*[ask(command) for command in ssh.MANY])

    @shared.scenario(registry, "a shell on a terminal")
    async def shell():
        done = await connection.run(input=ssh.TYPED, term_type="xterm", term_size=(80, 24))
        return ["42" in done.stdout, done.exit_status]

    @shared.scenario(registry, "a signal")
    async def signal():
        process = await connection.create_process("echo ready; exec sleep 60")
        await process.stdout.readline()
        process.send_signal("TERM")
        done = await process.wait()
        return [done.exit_status, done.exit_signal and done.exit_signal[0]]

    @shared.scenario(registry, "32 MiB there and back")
    async def both():
        data = ssh.content()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "from").write_bytes(data)
            async with connection.start_sftp_client() as sftp:
                await sftp.put(str(path / "from"), ssh.remote("there.bin"))
                there = ssh.digest(ssh.kept("there.bin")) == ssh.digest(data)
                await sftp.get(ssh.remote("there.bin"), str(path / "to"))
                return [there, ssh.digest((path / "to").read_bytes()) == ssh.digest(data)]

    @shared.scenario(registry, "scp both ways")
    async def scp():
        data = ssh.content()[:5_000_000]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "from").write_bytes(data)
            await asyncssh.scp(str(path / "from"), (connection, ssh.remote("copied.bin")))
            await asyncssh.scp((connection, ssh.remote("copied.bin")), str(path / "to"))
            return (path / "to").read_bytes() == data

    @shared.scenario(registry, "names")
    async def names():
        async with connection.start_sftp_client() as sftp:
            await sftp.makedirs(ssh.remote("folder/deep"))
            async with sftp.open(ssh.remote("folder/one"), "w") as file:
                await file.write("1")
            await sftp.rename(ssh.remote("folder/one"), ssh.remote("folder/deep/two ü"))
            await sftp.symlink("deep", ssh.remote("folder/link"))
            found = sorted(await sftp.glob(ssh.remote("folder/*")))
            listed = sorted(await sftp.listdir(ssh.remote("folder/deep")))
            errors = []
            for wrong in (sftp.stat(ssh.remote("nowhere")), sftp.rmdir(ssh.remote("given.bin"))):
                try:
                    await wrong
                except asyncssh.SFTPError as error:
                    errors.append([error.code, error.reason])
            await sftp.rmtree(ssh.remote("folder"))
            return [found, listed, errors, await sftp.exists(ssh.remote("folder"))]

    @shared.scenario(registry, "many files on several channels")
    async def files():
        async def move(n):
            async with connection.start_sftp_client() as sftp:
                for m in range(10):
                    async with sftp.open(ssh.remote(f"file-{n}-{m}"), "wb") as file:
                        await file.write(bytes([n]) * 30_000)
                return len(await sftp.glob(ssh.remote(f"file-{n}-*")))

        return await asyncio.gather(*[move(n) for n in range(6)])

    @shared.scenario(registry, "a password")
    async def password():
        async with connect(by_password=True) as other:
            return await ask("echo in", by=other)

    @shared.scenario(registry, "labelled")
    async def labelled():
        return await ask(ssh.LABELLED)

    @shared.scenario(registry, "a refused command")
    async def refused():
        return await ask(ssh.REFUSED)

    @shared.scenario(registry, "the next command runs")
    async def after():
        return await ask("echo here")

    await shared.run_async(registry)


asyncio.run(main())
