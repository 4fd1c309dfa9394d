import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Variables } from "../environment.ts";

export interface PrivateTempDir {
  readonly path: string;
  remove(): Promise<void>;
}

/** A folder (0700) for one command. In memory where the system has a place for that (XDG Base Directory Specification). */
export async function privateTempDir(variables: Variables): Promise<PrivateTempDir> {
  const runtime = variables.XDG_RUNTIME_DIR;
  const parent = runtime !== undefined && isAbsolute(runtime) ? runtime : tmpdir();
  const path = await mkdtemp(join(parent, "tidewaiter-exec-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
