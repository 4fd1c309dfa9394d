import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CliError, systemCode } from "../errors.ts";
import { makePrivateDir } from "./private-file.ts";

const PATIENCE_MS = 10_000;

/** Runs `work` while no other run of the CLI with this configuration does: read, change, write is not atomic. */
export async function withLock<Result>(
  configDir: string,
  work: () => Promise<Result>,
  patienceMs = PATIENCE_MS,
): Promise<Result> {
  await makePrivateDir(configDir);
  const path = join(configDir, "lock");
  await acquire(path, patienceMs);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (cause) {
      if (systemCode(cause) !== "EEXIST") {
        throw new CliError("failure", `${path} cannot be made`, { why: String(cause), cause });
      }
    }
    if (await holderIsGone(path)) await takeAway(path);
    else if (Date.now() > deadline) {
      throw new CliError("conflict", "another run of the CLI holds the configuration", {
        next: `Wait for it, or remove ${path}`,
      });
    } else await sleep(25);
  }
}

/**
 * Of several who see that the holder is gone only one may remove its file: a second would remove the file of the first.
 * So it is moved aside first, and put back if it turns out to be a living one's.
 */
async function takeAway(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.gone`;
  try {
    await rename(path, aside);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return;
    throw cause;
  }
  // Where a third one holds it by now there is nothing to put back.
  if (!(await holderIsGone(aside))) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** A holder that was killed is noticed by its process id. */
async function holderIsGone(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}
