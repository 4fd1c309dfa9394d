// lftp, which speaks sftp itself over OpenSSH's ssh.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { endpoint, files, folder, local, ok, remote } from "../shared/ssh.mjs";

const { host, port, user, key, knownHosts } = endpoint;
const env = { HOME: folder };
const connect = `ssh -a -x -F none -i ${key} -o UserKnownHostsFile=${knownHosts} -o IdentitiesOnly=yes -o BatchMode=yes`;
const settings = [
  `set sftp:connect-program "${connect}"`,
  "set net:max-retries 1",
  "set cmd:fail-exit yes",
  `open -u ${user},none -p ${port} sftp://${host}`,
];

async function lftp(...lines) {
  writeFileSync(local("script"), `${[...settings, ...lines].join("\n")}\n`);
  return ok(await command(program("lftp"), ["--norc", "-f", local("script")], { env }));
}

await runScenarios({
  ...files({
    put: (from, to) => lftp(`put ${from} -o ${to}`),
    get: (from, to) => lftp(`get ${from} -o ${to}`),
    list: async (path) => (await lftp(`cls -1 --sort=name -a ${path}/`)).stdout.split("\n").filter(Boolean),
    rename: (from, to) => lftp(`mv ${from} ${to}`),
    putAll: async (fill, digestOf) => {
      mkdirSync(local("many"));
      for (let n = 0; n < 60; n++) fill(`many/${n}`, 10_000 + n);
      await lftp(`mirror -R --parallel=6 ${local("many")} ${remote("many")}`);
      await lftp(`mirror --parallel=6 ${remote("many")} ${local("again")}`);
      const same = readdirSync(local("many")).map((name) => digestOf(local(`many/${name}`)));
      return readdirSync(local("again")).filter((name) => same.includes(digestOf(local(`again/${name}`)))).length;
    },
  }),
  "one file on four connections": async () => {
    await lftp(`pget -n 4 ${remote("back.bin")} -o ${local("pieces.bin")}`);
    return ok(await command("cmp", [local("pieces.bin"), remote("back.bin")])).code;
  },
});
