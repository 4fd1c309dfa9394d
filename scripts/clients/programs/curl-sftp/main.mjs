// curl with sftp:// and scp://, which libssh2 speaks.
import { mkdirSync, readdirSync } from "node:fs";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { endpoint, files, folder, hostKeyFingerprint, local, ok, remote } from "../shared/ssh.mjs";

const { host, port, user, key, password, passwordUser } = endpoint;
const env = { HOME: folder };
const known = ["-sS", "--hostpubsha256", hostKeyFingerprint().slice("SHA256:".length)];
const byKey = [...known, "--key", key, "-u", `${user}:`];
const byPassword = password === undefined ? byKey : [...known, "-u", `${passwordUser}:${password}`];
const url = (path, scheme = "sftp") => `${scheme}://${host}:${port}${path}`;
const curl = (args, login = byKey) => command(program("curl"), [...login, ...args], { env }).then(ok);
const names = ({ stdout }) => stdout.split("\n").filter((name) => name !== "" && !/^\.\.?$/.test(name));

await runScenarios({
  ...files({
    put: (from, to) => curl(["-T", from, url(to)]),
    get: (from, to) => curl([url(from), "-o", to]),
    list: async (path) => names(await curl(["-l", url(path)])),
    rename: (from, to) => curl(["-Q", `rename ${from} ${to}`, url(remote("")), "-o", local("listing")]),
    putAll: async (fill, digestOf) => {
      mkdirSync(local("many"));
      const all = Array.from({ length: 24 }, (_, n) => fill(`many/${n}`, 10_000 + n));
      await curl(["-Z", "--ftp-create-dirs", "-T", `{${all.join(",")}}`, url(remote("many/"))]);
      return readdirSync(remote("many")).filter(
        (name) => digestOf(remote(`many/${name}`)) === digestOf(local(`many/${name}`)),
      ).length;
    },
    password: async () => names(await curl(["-l", url(remote("many/"))], byPassword)).length,
  }),
  "a piece of a file": async () => (await curl(["-r", "100-129", url(remote("given.bin"))])).stdout,
  "by scp": async () => {
    await curl(["-T", local("there.bin"), url(remote("by-scp"), "scp")]);
    await curl([url(remote("by-scp"), "scp"), "-o", local("by-scp")]);
    return ok(await command("cmp", [local("by-scp"), local("there.bin")])).code;
  },
  "nothing there": () => command(program("curl"), [...byKey, url(remote("nowhere"))], { env }),
});
