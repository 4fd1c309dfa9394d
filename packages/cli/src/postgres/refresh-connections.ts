import { answer } from "../api/client.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { connectService } from "./connect-service.ts";
import { readSavedConnections, type SavedConnection } from "./saved-connections.ts";

export interface Refreshed {
  readonly service: string;
  readonly expiresAt?: string;
  /** Why it has no new secret. */
  readonly problem?: string;
}

/**
 * Gives every service that this profile was connected to before a fresh secret, so that saved connections of psql,
 * DBeaver and DataGrip go on working. One that still has more than half of its time is left as it is. One that fails
 * keeps no other from it.
 */
export async function refreshConnections(context: CommandContext): Promise<readonly Refreshed[]> {
  const { name } = await context.profile();
  const mine = (await readSavedConnections(context.env.configDir)).filter(({ profile }) => profile === name);
  if (mine.length === 0) return [];
  const { secrets } = await answer((await context.api()).GET("/v1/connection-secrets", { params: { query: {} } }));
  const refreshed: Refreshed[] = [];
  for (const saved of mine) {
    const secret = secrets.find(({ id }) => id === saved.secretId);
    if (secret !== undefined && isFresh(secret, context.now())) continue;
    refreshed.push(await refresh(context, saved));
  }
  return refreshed;
}

/** For a person. */
export function refreshedLines(refreshed: readonly Refreshed[]): string[] {
  const good = refreshed.filter(({ problem }) => problem === undefined).map(({ service }) => service);
  const bad = refreshed.flatMap(({ service, problem }) => (problem === undefined ? [] : [`${service}: ${problem}`]));
  return [...(good.length === 0 ? [] : [`Fresh secrets for: ${good.join(", ")}`]), ...bad];
}

interface Life {
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly usesLeft: number | null;
}

function isFresh({ createdAt, expiresAt, usesLeft }: Life, now: number): boolean {
  const [start, end] = [Date.parse(createdAt), Date.parse(expiresAt)];
  return usesLeft !== 0 && end - now > (end - start) / 2;
}

async function refresh(context: CommandContext, saved: SavedConnection): Promise<Refreshed> {
  const { service, serviceFile, passFile } = saved;
  // Where it was written then, whatever the variables say today.
  const there = { ...context, env: { ...context.env, serviceFile, passFile } };
  try {
    const { expiresAt } = await connectService(there, saved);
    return { service, expiresAt };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { service, problem: error.message };
  }
}
