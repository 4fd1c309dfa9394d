import { benchRole } from "./database.ts";
import type { Route } from "./route.ts";

/** What the bench asks of the fixture `startTidewaiter` of the testkit. */
export interface TidewaiterFixtureOptions {
  readonly target: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly lineage?: { readonly from: "names" | "server"; readonly log: string };
  };
  /** Labels by column, `schema.table.column`; the fixture's policy masks what is labelled. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Server and agent as processes of their own, with recording mode `strict` and plain TCP on all legs. */
export interface TidewaiterFixture {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly pids: { readonly server: number; readonly agent: number };
  stop(): Promise<void>;
}

interface FixtureModule {
  startTidewaiter(options: TidewaiterFixtureOptions): Promise<TidewaiterFixture>;
}

/** Tidewaiter before the same server, or undefined where the testkit has no such fixture. */
export async function startTidewaiterRoute(
  port: number,
  name: "tidewaiter" | "lineage" = "tidewaiter",
): Promise<Route | undefined> {
  const fixtures = await loadFixtures();
  if (fixtures === undefined) return undefined;
  const lineage = { from: name === "lineage" ? "server" : "names", log: "own_lines_silenced" } as const;
  const target = { host: "127.0.0.1", port, ...benchRole, lineage };
  const fixture = await fixtures.startTidewaiter({ target, labels: { "public.customers.email": "pii.email" } });
  const { user, password, database, pids } = fixture;
  return {
    name,
    host: "127.0.0.1",
    port: fixture.port,
    user,
    password,
    database,
    pids: [pids.server, pids.agent],
    stop: () => fixture.stop(),
  };
}

async function loadFixtures(): Promise<FixtureModule | undefined> {
  const specifier: string = "@tidewaiter/testkit/tidewaiter";
  try {
    return (await import(specifier)) as FixtureModule;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
