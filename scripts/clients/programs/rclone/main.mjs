// rclone's sftp backend: several connections, transfers and streams at once, and checksums by commands.
import { mkdirSync, writeFileSync } from "node:fs";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { endpoint, files, folder, local, ok, remote } from "../shared/ssh.mjs";

const { host, port, user, key, knownHosts, password, passwordUser } = endpoint;
const remoteOf = (name, options) =>
  Object.fromEntries(
    Object.entries({ type: "sftp", host, port, known_hosts_file: knownHosts, ...options }).map(([option, value]) => [
      `RCLONE_CONFIG_${name}_${option}`.toUpperCase(),
      value,
    ]),
  );
const env = {
  HOME: folder,
  RCLONE_CONFIG: local("rclone.conf"),
  ...remoteOf("host", { user, key_file: key }),
};
writeFileSync(env.RCLONE_CONFIG, "");
const rclone = async (...args) =>
  ok(await command(program("rclone"), ["--retries=1", "--low-level-retries=1", ...args], { env }));

if (password === undefined) Object.assign(env, remoteOf("other", { user, key_file: key }));
else {
  const obscured = ok(await command(program("rclone"), ["obscure", "-"], { input: password, env })).stdout.trim();
  Object.assign(env, remoteOf("other", { user: passwordUser, pass: obscured }));
}
const lines = ({ stdout }) => stdout.split("\n").filter(Boolean).sort();

await runScenarios({
  ...files({
    put: (from, to) => rclone("copyto", from, `host:${to}`),
    get: (from, to) => rclone("copyto", "--multi-thread-streams=4", "--multi-thread-cutoff=1M", `host:${from}`, to),
    list: async (path) => lines(await rclone("lsf", `host:${path}`)),
    rename: (from, to) => rclone("moveto", `host:${from}`, `host:${to}`),
    putAll: async (fill) => {
      mkdirSync(local("many"));
      for (let n = 0; n < 120; n++) fill(`many/${n}`, 10_000 + n);
      await rclone("copy", "--transfers=8", "--checkers=16", local("many"), `host:${remote("many")}`);
      const checked = await rclone("check", "--checkers=16", local("many"), `host:${remote("many")}`);
      await rclone("sync", "--transfers=8", `host:${remote("many")}`, local("again"));
      const same = await rclone("check", local("many"), local("again"));
      return [checked, same].map(({ stderr }) => /\d+ (differences|matching files)/g.exec(stderr)?.[0]);
    },
    password: async () => lines(await rclone("lsf", `other:${remote("many")}`)).length,
  }),
  "checksums by a command": async () =>
    lines(await rclone("hashsum", "sha1", `host:${remote("given.bin")}`)).concat(
      lines(await rclone("md5sum", `host:${remote("given.bin")}`)),
    ),
  "a folder is removed": async () => {
    await rclone("purge", `host:${remote("many")}`);
    return lines(await rclone("lsf", `host:${remote("")}`));
  },
});
