import packageJson from "../package.json" with { type: "json" };
import { HELP, parseCommand, type ServerOptions, UsageError } from "./options.ts";

const USAGE_EXIT = 2;

function readVariable(name: string): string | undefined {
  return process.env[name];
}

/** The product is loaded when it is to run: help and version need nothing of it. */
async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === "help" || command.kind === "version") {
    process.stdout.write(command.kind === "help" ? HELP : `${packageJson.version}\n`);
    return 0;
  }
  return command.kind === "rotate-master-key" ? rotate(command.options) : run(command.options);
}

async function rotate(options: ServerOptions): Promise<number> {
  const { installationPaths, prepareDataDir } = await import("./installation.ts");
  const { openSecretStores } = await import("./open-secret-stores.ts");
  const { rotateMasterKey } = await import("./rotate-master-key.ts");
  await prepareDataDir(options.dataDir);
  const { masterKeyId, dataKeys } = await rotateMasterKey(
    installationPaths(options.dataDir),
    process.env.TIDEWAITER_STORE_URL ?? options.store,
    await openSecretStores(options, readVariable),
  );
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ masterKeyId, dataKeys })}\n`
      : `new master key ${masterKeyId}; ${dataKeys} data keys wrapped anew\n`,
  );
  return 0;
}

async function run(options: ServerOptions): Promise<number> {
  const { default: pino } = await import("pino");
  const { runServer } = await import("./run-server.ts");
  const destination = pino.destination({ dest: 2, sync: true });
  const logger = pino({ level: process.env.LOG_LEVEL ?? "info", base: null }, destination);
  const stopped = stopSignal();
  const server = await runServer({
    options,
    storeUrl: process.env.TIDEWAITER_STORE_URL,
    adminPassword: process.env.TIDEWAITER_ADMIN_PASSWORD,
    readVariable,
    logger,
    log: destination,
    logLevel: logger.level,
  });
  const { endpoints, adminPasswordFile } = server;
  const { postgres, ssh, kubernetes, web, gatewayId } = endpoints;
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ listening: true, web, postgres: { host: postgres.host, port: postgres.port }, ...(ssh && { ssh: { host: ssh.host, port: ssh.port } }), ...(kubernetes && { kubernetes: { host: kubernetes.host, port: kubernetes.port } }), gatewayId, adminPasswordFile: adminPasswordFile ?? null })}\n`,
    );
  else
    process.stdout.write(
      `Tidewaiter is running\n  API and tunnels  ${web}\n  PostgreSQL       ${postgres.host}:${postgres.port}\n${ssh === undefined ? "" : `  SSH              ${ssh.host}:${ssh.port}\n`}${kubernetes === undefined ? "" : `  Kubernetes       ${kubernetes.host}:${kubernetes.port}\n`}${adminPasswordFile === undefined ? "" : `  first administrator "${options.admin}", password in ${adminPasswordFile}\n`}`,
    );
  const signal = await stopped;
  logger.info({ signal }, "stopping");
  await server.close("the gateway stops");
  return 0;
}

/** The first signal stops in order; a second one ends the process at once, as by default. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name));
  });
}

try {
  process.exit(await main());
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(
    `tidewaiter-server: ${error instanceof Error ? error.message : String(error)}${usage ? "\nTry tidewaiter-server --help" : ""}\n`,
  );
  process.exit(usage ? USAGE_EXIT : 1);
}
