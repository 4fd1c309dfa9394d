import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  eventually,
  registerSshKey,
  runCommand,
  type SshServer,
  sshdMissing,
  startSshd,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";

const USAGE = `Usage: pnpm bench:ssh [--mib N] [--rounds N] [--idle N] [--json]

OpenSSH's client to a real sshd, directly and through Tidewaiter, in turns: MB/s of exec and sftp both ways, logins a
second, and what idle sessions cost. Prints medians and ratios, and judges nothing: compare ratios, not machines.

  --mib N     size of each transfer (default 64)
  --rounds N  default 3
  --idle N    sessions that do nothing (default 50)

Exit codes: 0 measured, 64 wrong usage, 69 a program is missing.`;

interface Route {
  readonly name: "direct" | "tidewaiter";
  readonly options: readonly string[];
}

interface Row {
  readonly workload: string;
  readonly unit: string;
  readonly direct: number;
  readonly tidewaiter: number;
}

const BLOCK = Buffer.alloc(1 << 20, "0123456789abcdef\n");

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      mib: { type: "string", default: "64" },
      rounds: { type: "string", default: "3" },
      idle: { type: "string", default: "50" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  const [mib, rounds, idle] = [values.mib, values.rounds, values.idle].map(Number);
  if (values.help || !(Number(mib) > 0 && Number(rounds) > 0 && Number(idle) >= 0)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 64;
  }
  const missing = sshdMissing();
  if (missing !== undefined) {
    process.stderr.write(`The bench needs ${missing}.\n`);
    return 69;
  }
  const rows = await measure(mib ?? 64, rounds ?? 3, idle ?? 50);
  process.stdout.write(values.json ? `${JSON.stringify(rows)}\n` : `${table(rows)}\n`);
  return 0;
}

async function measure(mib: number, rounds: number, idle: number): Promise<Row[]> {
  await using folder = tempDir("bench-ssh");
  await using sshd = await startSshd();
  await using gateway = await startTidewaiter({
    target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
    ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
  });
  const routes = await routesOf(folder.path, sshd, gateway);
  const local = join(folder.path, "data");
  writeFileSync(local, Buffer.concat(Array.from({ length: mib }, () => BLOCK)));
  const remote = join(sshd.home, "data");
  const mbs = (seconds: number): number => (mib * 1.048576) / seconds;
  const workloads: { name: string; unit: string; run(route: Route): Promise<number> }[] = [
    {
      name: "exec-down",
      unit: "MB/s",
      run: async (route) => mbs(await timed(route, [`head -c ${mib * 1048576} /dev/zero`])),
    },
    { name: "exec-up", unit: "MB/s", run: async (route) => mbs(await timed(route, ["wc -c"], readFileSync(local))) },
    {
      name: "sftp-up",
      unit: "MB/s",
      run: async (route) => mbs(await copied([...route.options, local, `127.0.0.1:${remote}`])),
    },
    {
      name: "sftp-down",
      unit: "MB/s",
      run: async (route) => mbs(await copied([...route.options, `127.0.0.1:${remote}`, join(folder.path, "back")])),
    },
    {
      name: "logins",
      unit: "1/s",
      run: async (route) => {
        const started = performance.now();
        for (let count = 0; count < 10; count++) await timed(route, ["true"]);
        return 10_000 / (performance.now() - started);
      },
    },
  ];
  const rows: Row[] = [];
  for (const { name, unit, run } of workloads) {
    const found: Record<Route["name"], number[]> = { direct: [], tidewaiter: [] };
    for (let round = 0; round < rounds; round++)
      for (const route of round % 2 === 0 ? routes : routes.toReversed()) found[route.name].push(await run(route));
    rows.push({ workload: name, unit, direct: median(found.direct), tidewaiter: median(found.tidewaiter) });
  }
  if (idle > 0) rows.push(await idleSessions(routes, gateway, idle));
  return rows;
}

async function routesOf(folder: string, sshd: SshServer, gateway: Tidewaiter): Promise<readonly Route[]> {
  const key = join(folder, "id");
  await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  await registerSshKey((path, body) => gateway.api("POST", path, body, gateway.user), key);
  const own = join(folder, "target");
  writeFileSync(own, sshd.privateKey, { mode: 0o600 });
  const common = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no", "LogLevel=ERROR"];
  const options = (identity: string, user: string, port: number): string[] =>
    ["-F", "none"].concat(
      [...common, "UserKnownHostsFile=/dev/null", `IdentityFile=${identity}`, `User=${user}`, `Port=${port}`].flatMap(
        (option) => ["-o", option],
      ),
    );
  return [
    { name: "direct", options: options(own, sshd.user, sshd.port) },
    { name: "tidewaiter", options: options(key, "web-1", gateway.sshPort) },
  ];
}

/** Seconds; what comes back is thrown away as it comes. */
function timed({ options }: Route, command: readonly string[], input?: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn("ssh", [...options, "127.0.0.1", ...command], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdout.resume();
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve((performance.now() - started) / 1000) : reject(new Error(`ssh ended with ${code}`)),
    );
  });
}

async function copied(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { code, stderr } = await runCommand("scp", ["-s", "-q", ...args]);
  if (code !== 0) throw new Error(stderr);
  return (performance.now() - started) / 1000;
}

/** Memory of the gateway's process for each session that does nothing, in kB; directly it is sshd's, which is not told. */
async function idleSessions(routes: readonly Route[], gateway: Tidewaiter, count: number): Promise<Row> {
  const route = routes.find(({ name }) => name === "tidewaiter");
  const before = residentKb(gateway.pids.server);
  const children: ChildProcess[] = [];
  for (let index = 0; index < count; index++) {
    const child = spawn("ssh", [...(route?.options ?? []), "127.0.0.1", "echo here; sleep 600"], { stdio: "pipe" });
    children.push(child);
    let here = false;
    child.stdout?.on("data", () => {
      here = true;
    });
    await eventually(() => here, { within: 20_000 });
  }
  const each = (residentKb(gateway.pids.server) - before) / count;
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => new Promise((resolve) => child.once("close", resolve))));
  return { workload: `idle-${count}`, unit: "kB each", direct: Number.NaN, tidewaiter: each };
}

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function table(rows: readonly Row[]): string {
  const number = (value: number): string =>
    (Number.isNaN(value) ? "-" : value.toFixed(value < 10 ? 2 : 0)).padStart(10);
  const lines = rows.map(({ workload, unit, direct, tidewaiter }) => {
    const ratio = number(tidewaiter / direct);
    return `${workload.padEnd(12)} ${unit.padEnd(8)} ${number(direct)} ${number(tidewaiter)} ${ratio}`;
  });
  const head = `${"workload".padEnd(12)} ${"".padEnd(8)} ${"direct".padStart(10)} ${"tidewaiter".padStart(10)} ${"ratio".padStart(10)}`;
  return [head, ...lines].join("\n");
}

process.exitCode = await main();
