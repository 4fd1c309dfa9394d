import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError, systemCode } from "../errors.ts";

/** Made with mode 0700; one that is there and is more open is closed. */
export async function makePrivateDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (cause) {
    throw new CliError(
      "failure",
      `${path} cannot be made`,
      reason(cause, "Set TIDEWAITER_CONFIG_DIR to a folder of your own."),
    );
  }
}

/** The text, or undefined when there is no such file. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw new CliError("failure", `${path} cannot be read`, reason(cause));
  }
}

/**
 * Replaces the file in one step, with mode 0600 from its first byte on; a reader sees the old or the new one. A
 * symbolic link stays one: its file is replaced.
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const target = await linkedFile(path);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new CliError("failure", `${path} cannot be written`, reason(cause));
  }
}

async function linkedFile(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return path;
    throw new CliError("failure", `${path} cannot be used`, reason(cause));
  }
}

function reason(cause: unknown, next?: string) {
  const why = cause instanceof Error ? cause.message : String(cause);
  return { why, cause, ...(next === undefined ? {} : { next }) };
}
