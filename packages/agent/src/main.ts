import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import packageJson from "../package.json" with { type: "json" };
import { AgentError } from "./errors.ts";
import { createLog } from "./log.ts";
import { HELP, parseCommand, type RunOptions } from "./options.ts";
import { runAgent } from "./run-agent.ts";

const EXIT_CODES: Readonly<Record<string, number>> = { usage: 2, join_refused: 3 };

const MAX_NAME_CHARS = 63;

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "help") process.stdout.write(HELP);
  else if (command.kind === "version") process.stdout.write(`${packageJson.version}\n`);
  else await run(command.options);
  return 0;
}

async function run(options: RunOptions): Promise<void> {
  if (options.caFile !== undefined) await trust(options.caFile);
  const log = createLog((line) => process.stderr.write(line), options.json);
  await runAgent({
    ...options,
    name: options.name ?? hostname().slice(0, MAX_NAME_CHARS),
    version: packageJson.version,
    readToken: () => readToken(options.tokenFile),
    readVariable: (name) => process.env[name],
    log,
    signal: stopSignal(),
  });
  log.info("stopped");
  // Targets that still read their last bytes must not hold up a restart.
  process.exit(0);
}

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once, as by default. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

async function readToken(tokenFile: string | undefined): Promise<string | undefined> {
  if (tokenFile === undefined) return process.env.TIDEWAITER_JOIN_TOKEN?.trim() || undefined;
  return (await readText(tokenFile, "--token-file")).trim() || undefined;
}

async function trust(caFile: string): Promise<void> {
  setDefaultCACertificates([...getCACertificates("default"), await readText(caFile, "--ca-file")]);
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AgentError("usage", `${option} ${path} cannot be read`, { cause });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof AgentError)) throw error;
  process.stderr.write(`tidewaiter-agent: ${error.message}\n`);
  process.exitCode = EXIT_CODES[error.code] ?? 1;
}
