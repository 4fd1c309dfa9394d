import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { join } from "node:path";
import { eventually, freePort, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { type SshWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const policy = (defaults: string) => [{ name: "e.yaml", source: `version: 1\ndefaults: ${defaults}\n` }];
const EDITOR = policy("{ unknown_statement: allow, builtins: { ssh_forward: allow } }");

/** What an editor brings to a host: a program that listens, says where, and stays; here on a port and on a socket. */
const INSTALL = (folder: string) => `set -e
mkdir -p ${folder}/server
cat > ${folder}/server/main.py <<'END'
import socket, sys, threading
def serve(listener):
    while True:
        peer, _ = listener.accept()
        peer.sendall(b"editor " + peer.recv(100)); peer.close()
port = socket.create_server(("127.0.0.1", 0))
path = socket.socket(socket.AF_UNIX); path.bind("${folder}/server/socket"); path.listen()
print("listeningOn==%d==" % port.getsockname()[1], flush=True)
for listener in (port, path): threading.Thread(target=serve, args=(listener,), daemon=True).start()
sys.stdin.read()
END
echo "$(uname -s) installed"
exec python3 ${folder}/server/main.py
`;

/** Real ssh, with arguments and a script on stdin as VS Code's Remote-SSH gives them. */
function startEditor(
  world: SshWorld,
  { socks, more = [] }: { readonly socks: number; readonly more?: readonly string[] },
) {
  const args = ["-F", "none", ...world.options, "-T", "-D", String(socks), ...more, "127.0.0.1", "bash"];
  const child = spawn("ssh", args);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  // it stays open: the script is over when it says so, and the server lives as long as the connection
  child.stdin.on("error", () => {});
  child.stdin.write(INSTALL(world.sshd.home));
  const exited = once(child, "close") as Promise<[number | null]>;
  return { child, exited, output: () => output, errors: () => errors };
}

/** By SOCKS 5 (RFC 1928) where `through` names a port behind it; empty where the connection is closed instead of answered. */
async function ask(port: number, through?: number): Promise<string> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  const closed = once(socket, "close").then(() => []);
  const answer = async (bytes: Buffer | string): Promise<string> => {
    socket.write(bytes);
    const [chunk] = (await Promise.race([once(socket, "data"), closed])) as [Buffer?];
    return chunk?.toString() ?? "";
  };
  if (through !== undefined) {
    await answer(Buffer.from([5, 1, 0]));
    await answer(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, through >> 8, through & 255]));
  }
  const said = await answer("hello");
  socket.destroy();
  return said;
}

skipUnless(missing === undefined, missing ?? "sshd").describe("an imitation of how VS Code reaches a host", () => {
  it("a script on stdin starts a server, and forwards lead to it", async () => {
    await using world = await startWorld(EDITOR);
    const [socks, local] = [await freePort(), await freePort()];
    const more = ["-L", `127.0.0.1:${local}:${join(world.sshd.home, "server", "socket")}`];
    const editor = startEditor(world, { socks, more });
    const listening = await eventually(() => /listeningOn==(\d+)==/.exec(editor.output())?.[1]);
    expect(editor.output()).toContain("Linux installed");
    const port = Number(listening);
    for (let n = 0; n < 3; n++) expect(await ask(socks, port)).toBe("editor hello");
    expect(await ask(local)).toBe("editor hello");
    editor.child.kill();
    await editor.exited;
    await eventually(() => world.gateway.sessions.size === 0);
    const asked = world.gateway.events.flatMap((event) => (event.type === "operation" ? [event.kind] : []));
    expect(asked).toEqual([
      "ssh exec",
      "ssh direct-tcpip",
      "ssh direct-tcpip",
      "ssh direct-tcpip",
      "ssh direct-streamlocal",
    ]);
  });

  it("is refused where shells that nobody can read, or forwards, are", async () => {
    await using unread = await startWorld(policy("{ unknown_statement: deny }"));
    const refused = startEditor(unread, { socks: await freePort() });
    expect((await refused.exited)[0]).toBe(126);
    expect(refused.errors()).toContain("[unknown-statement]");
    await using closed = await startWorld(policy("{ unknown_statement: allow }"));
    const socks = await freePort();
    const editor = startEditor(closed, { socks });
    const listening = await eventually(() => /listeningOn==(\d+)==/.exec(editor.output())?.[1]);
    const port = Number(listening);
    expect(await ask(socks, port)).toBe("");
    expect(editor.child.exitCode).toBeNull();
    editor.child.kill();
    await editor.exited;
    expect(closed.gateway.events.find((event) => event.type === "operation" && event.outcome === "deny")).toMatchObject(
      {
        kind: "ssh direct-tcpip",
        ruleId: "no-port-forwarding",
      },
    );
  });
});
