import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What `./tw` of this checkout finds while the demo runs. */
const SHARED = fileURLToPath(new URL("../../.demo", import.meta.url));

/** Where a demo keeps its signed-in people; removed with it. */
export interface StateDirectory {
  readonly path: string;
  /** Whether `./tw` finds it by itself. The second of two demos does not take the first one's place. */
  readonly shared: boolean;
}

/** Claims `.demo` of the checkout, or makes a private directory when a live demo has that one. */
export function claimStateDirectory(): StateDirectory {
  if (claimShared()) return { path: SHARED, shared: true };
  return { path: mkdtempSync(join(tmpdir(), "tidewaiter-demo-")), shared: false };
}

function claimShared(): boolean {
  if (writeOwner()) return true;
  if (isAlive(Number(readFileSync(join(SHARED, "pid"), "utf8")))) return false;
  // left by a demo that was killed
  rmSync(SHARED, { recursive: true, force: true });
  return writeOwner();
}

function writeOwner(): boolean {
  mkdirSync(SHARED, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(join(SHARED, "pid"), String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** An owner that has not written its id yet reads as 0, this process's own group: alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
