import { type CommandOptions, type CommandResult, runCommand } from "./command.ts";

export interface PsqlOptions extends CommandOptions {
  readonly host?: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** Default `prefer`, as in libpq. */
  readonly sslmode?: "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";
  /** After `psql -X`, e.g. `["-c", "select 1"]`; without `-c` or `-f` psql reads `input`. */
  readonly args?: readonly string[];
}

/** Runs the real psql without the user's own psqlrc, service and password files; never asks for a password. */
export function runPsql(options: PsqlOptions): Promise<CommandResult> {
  const { host = "127.0.0.1", port, user, database, args = [] } = options;
  const target = ["-X", "-w", "-h", host, "-p", String(port), "-U", user, "-d", database];
  const env = {
    PGPASSWORD: options.password,
    PGSSLMODE: options.sslmode,
    PGSERVICEFILE: "/dev/null",
    PGPASSFILE: "/dev/null",
    PGCONNECT_TIMEOUT: "20",
    PAGER: "cat",
    ...options.env,
  };
  return runCommand("psql", [...target, ...args], { ...options, env });
}
