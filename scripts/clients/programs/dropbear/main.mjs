// Dropbear's dbclient, and OpenSSH's scp with dbclient underneath.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { commands, endpoint, files, folder, local, ok } from "../shared/ssh.mjs";

const { host, port, user, key, knownHosts, password, passwordUser } = endpoint;
mkdirSync(local(".ssh"), { mode: 0o700 });
// it knows hosts by name alone
writeFileSync(local(".ssh/known_hosts"), readFileSync(knownHosts, "utf8").replace(/^\S+/, host));
const env = { HOME: folder };
ok(await command(program("dropbearconvert"), ["openssh", "dropbear", key, local("id")], { env }));

function exec(text, { input, password: byPassword = false } = {}) {
  const login =
    byPassword && password !== undefined
      ? { args: [`${passwordUser}@${host}`], env: { ...env, DROPBEAR_PASSWORD: password } }
      : { args: ["-i", local("id"), `${user}@${host}`], env };
  return command(program("dbclient"), ["-T", "-p", port, ...login.args, text], { input, env: login.env });
}

// scp has no way to hand an identity of its own format on
writeFileSync(local("dbclient"), `#!/bin/sh\nexec '${program("dbclient")}' -i '${local("id")}' "$@"\n`, {
  mode: 0o755,
});
const scp = (from, to, how) =>
  command("scp", [...how, "-q", "-S", local("dbclient"), "-P", port, from, to], { env }).then(ok);
const at = (path) => `${user}@${host}:${path}`;
const copies = (...how) =>
  files({ put: (from, to) => scp(from, at(to), how), get: (from, to) => scp(at(from), to, how) });
const named = (scenarios, by) => Object.fromEntries(Object.entries(scenarios).map(([name, play]) => [name + by, play]));

await runScenarios({
  ...commands(exec),
  ...named(copies(), ", by sftp"),
  ...named(copies("-O"), ", by scp"),
});
