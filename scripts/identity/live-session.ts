import type { NodeProcess } from "@tidewaiter/testkit";
import type { World } from "./world.ts";

/** Of a push's arrival: the product's promise. */
export const WITHIN_MS = 5_000;

export interface LiveSession {
  /** How `cause` ended it: after how many milliseconds, and what the client was told. */
  endedBy(cause: () => Promise<unknown>): Promise<{ readonly ms: number; readonly said: string }>;
}

/** An unchanged psql in the middle of a statement, started by `tw psql` with a secret of its own. */
export async function livePsql(
  { cli, secrets }: World,
  as: string,
  options: readonly string[] = [],
): Promise<LiveSession> {
  const psql = cli.start([
    ...["psql", "shop", "--as", as, ...options, "--", "-X", "-v", "VERBOSITY=verbose"],
    ...["-c", "\\getenv secret PGPASSWORD", "-c", "\\echo secret :secret"],
    ...["-c", "select 'begun' as marker", "-c", "select pg_sleep(60)"],
  ]);
  const [, secret] = await psql.line(/^secret (\S+)$/);
  secrets.add("a connection secret of tw psql", secret);
  await psql.line(/^ begun$/);
  return { endedBy: (cause) => endedBy(psql, cause) };
}

async function endedBy(psql: NodeProcess, cause: () => Promise<unknown>) {
  const began = performance.now();
  const [, { code }] = await Promise.all([cause(), psql.exited]);
  const ms = Math.round(performance.now() - began);
  const said = psql.output.stderr.split("\n").filter((line) => /FATAL|DETAIL|HINT/.test(line));
  return { ms, said: `${said.join("\n")}\n(psql ended with ${code} after ${ms} ms)` };
}
