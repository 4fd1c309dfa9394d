// PuTTY's plink, pscp and psftp.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { commands, endpoint, files, folder, hostKeyFingerprint, local, ok, remote } from "../shared/ssh.mjs";

const { host, port, user, key, password, passwordUser } = endpoint;
const env = { HOME: folder };
ok(await command(program("puttygen"), [key, "-O", "private", "-o", local("id.ppk")], { env }));
const known = ["-batch", "-P", port, "-hostkey", hostKeyFingerprint()];
const byKey = [...known, "-i", local("id.ppk")];

function byPassword() {
  if (password === undefined) return [...byKey, "-l", user];
  writeFileSync(local("password"), password, { mode: 0o600 });
  return [...known, "-l", passwordUser, "-pwfile", local("password")];
}

const exec = (text, { input, password: wanted = false } = {}) =>
  command(program("plink"), ["-ssh", "-T", ...(wanted ? byPassword() : [...byKey, "-l", user]), host, text], {
    input,
    env,
  });

const pscp = (how, from, to) => command(program("pscp"), ["-q", how, ...byKey, from, to], { env }).then(ok);
const at = (path) => `${user}@${host}:${path}`;
const copies = (how) =>
  files({ put: (from, to) => pscp(how, from, at(to)), get: (from, to) => pscp(how, at(from), to) });

async function psftp(lines, login = [...byKey, "-l", user]) {
  writeFileSync(local("batch"), `${lines.join("\n")}\n`);
  return ok(await command(program("psftp"), [...login, "-b", local("batch"), host], { env }));
}

const named = (scenarios, by) => Object.fromEntries(Object.entries(scenarios).map(([name, play]) => [name + by, play]));

await runScenarios({
  ...commands(exec),
  ...named(copies("-sftp"), ", pscp by sftp"),
  ...named(copies("-scp"), ", pscp by scp"),
  ...files({
    put: (from, to) => psftp([`put ${from} ${to}`]),
    get: (from, to) => psftp([`get ${from} ${to}`]),
    list: async (path) =>
      (await psftp([`ls ${path}`])).stdout
        .split("\n")
        .filter((line) => /^[-dl]/.test(line))
        .map((line) => line.split(/\s+/).at(-1)),
    rename: (from, to) => psftp([`mv ${from} ${to}`]),
    putAll: async (fill, digestOf) => {
      mkdirSync(local("many"));
      for (let n = 0; n < 40; n++) fill(`many/${n}`, 10_000 + n);
      await psftp([`put -r ${local("many")} ${remote("many")}`]);
      return readdirSync(remote("many")).filter(
        (name) => digestOf(remote(`many/${name}`)) === digestOf(local(`many/${name}`)),
      ).length;
    },
    password: async () => {
      await psftp([`put ${local("id.ppk")} ${remote("by-password")}`], byPassword());
      return readdirSync(remote("")).includes("by-password");
    },
  }),
});
