import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { Wanted } from "./open-connection.ts";

/** A service that `tw connect` wrote: how to write it again with a fresh secret. Holds no secret itself. */
export interface SavedConnection {
  readonly profile: string;
  readonly service: string;
  readonly serviceFile: string;
  readonly passFile: string;
  readonly wanted: Wanted;
  /** By client certificate, else by password. */
  readonly certificate: boolean;
  readonly secretId: string;
  readonly expiresAt: string;
}

const VERSION = 1;

function pathOf(configDir: string): string {
  return join(configDir, "connections.json");
}

/** What is not readable as what we write counts as nothing: it is written anew with the next `tw connect`. */
export async function readSavedConnections(configDir: string): Promise<readonly SavedConnection[]> {
  const text = await readPrivateFile(pathOf(configDir));
  try {
    const { version, connections } = JSON.parse(text ?? "{}") as { version?: number; connections?: SavedConnection[] };
    return version === VERSION && Array.isArray(connections) ? connections : [];
  } catch {
    return [];
  }
}

/** In place of the one of the same service in the same file. The caller holds the lock. */
export async function putSavedConnection(configDir: string, saved: SavedConnection): Promise<void> {
  const { secretId, expiresAt } = saved;
  const others = (await readSavedConnections(configDir)).filter((one) => !isSame(one, saved));
  const updated = others.map((one) => (sharePassword(one, saved) ? { ...one, secretId, expiresAt } : one));
  await write(configDir, [...updated, saved]);
}

/** Two services for one database and user have one line in the password file, and so one secret. */
export function sharePassword(one: SavedConnection, other: SavedConnection): boolean {
  if (one.certificate || other.certificate || one.passFile !== other.passFile || one.profile !== other.profile)
    return false;
  return (["resource", "database", "level", "forPrincipal"] as const).every(
    (key) => one.wanted[key] === other.wanted[key],
  );
}

/** The caller holds the lock. */
export async function removeSavedConnection(
  configDir: string,
  place: Pick<SavedConnection, "service" | "serviceFile">,
): Promise<SavedConnection | undefined> {
  const all = await readSavedConnections(configDir);
  const found = all.find((one) => isSame(one, place));
  if (found !== undefined)
    await write(
      configDir,
      all.filter((one) => one !== found),
    );
  return found;
}

type Place = Pick<SavedConnection, "service" | "serviceFile">;

function isSame(one: Place, other: Place): boolean {
  return one.service === other.service && one.serviceFile === other.serviceFile;
}

function write(configDir: string, connections: readonly SavedConnection[]): Promise<void> {
  return writePrivateFile(pathOf(configDir), `${JSON.stringify({ version: VERSION, connections }, null, 2)}\n`);
}
