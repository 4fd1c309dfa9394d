import { chownSync, lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../command.ts";
import { runAs, unprivileged } from "../unprivileged.ts";
import type { PostgresInstallation } from "./installation.ts";

/** Superuser of every cluster the fixtures make. */
export const superuser = "postgres";

const templates = new Map<string, Promise<string>>();

/**
 * Fills `target` with a fresh cluster. `initdb` takes seconds, so its result is kept per release as a template under
 * the system's temporary directory and copied.
 */
export async function createCluster(installation: PostgresInstallation, target: string): Promise<void> {
  let template = templates.get(installation.release);
  if (template === undefined) {
    template = findOrMakeTemplate(installation);
    templates.set(installation.release, template);
  }
  // -R -p keeps owners and modes (PostgreSQL insists on 0700) and works alike on Linux and macOS.
  const copy = await runCommand("cp", ["-R", "-p", await template, target]);
  if (copy.code !== 0) throw new Error(`could not copy the PostgreSQL template: ${copy.stderr.trim()}`);
}

async function findOrMakeTemplate(installation: PostgresInstallation): Promise<string> {
  const { uid, gid } = runAs();
  const path = join(tmpdir(), `tidewaiter-pg-template-1-${installation.release}-${uid}`);
  if (isOwn(path, uid)) return path;
  const building = mkdtempSync(join(tmpdir(), "tidewaiter-pg-build-"));
  chownSync(building, uid, gid);
  const [file, args] = unprivileged(join(installation.binDir, "initdb"), [
    `--pgdata=${building}`,
    `--username=${superuser}`,
    "--auth=trust",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
  ]);
  const made = await runCommand(file, args, { cwd: tmpdir() });
  if (made.code !== 0) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(`initdb of PostgreSQL ${installation.release} failed: ${made.stderr.trim()}`);
  }
  try {
    renameSync(building, path);
  } catch {
    rmSync(building, { recursive: true, force: true }); // another process was faster
  }
  return path;
}

/** A predictable name in a shared folder: a template that someone else put there is not used. */
function isOwn(path: string, uid: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory() && found.uid === uid) return true;
  throw new Error(`${path} belongs to another user: delete it and run again`);
}

/** Writes a file into the cluster, owned by the server's user. */
export function writeClusterFile(dataDir: string, name: string, text: string, mode = 0o600): void {
  const path = join(dataDir, name);
  writeFileSync(path, text, { mode });
  if (runAs().switched) chownSync(path, runAs().uid, runAs().gid);
}
