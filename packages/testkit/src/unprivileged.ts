import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { findCommand } from "./command.ts";

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** True when the process that runs the tests is root and the server must be someone else. */
  readonly switched: boolean;
}

let found: RunAs | undefined;

/**
 * Who a real server runs as. PostgreSQL refuses to run as root, so root's tests run it as `postgres` or, where that
 * user does not exist, as `nobody`.
 */
export function runAs(): RunAs {
  found ??= find();
  return found;
}

function find(): RunAs {
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  if (uid !== 0) return { uid, gid, switched: false };
  const ids = (name: string) => {
    const one = (flag: string) => spawnSync("id", [flag, name], { encoding: "utf8" });
    const user = one("-u");
    return user.status === 0 ? { uid: Number(user.stdout), gid: Number(one("-g").stdout), switched: true } : undefined;
  };
  return ids("postgres") ?? ids("nobody") ?? { uid: 65534, gid: 65534, switched: true };
}

/**
 * The command line that starts a program as `runAs()`. On Linux the kernel also sends it `deathSignal` when its parent
 * dies, so that a killed test run leaves no server behind.
 */
export function unprivileged(file: string, args: readonly string[], deathSignal = "INT"): [string, string[]] {
  const who = runAs();
  const setpriv = process.platform === "linux" ? findCommand("setpriv") : undefined;
  if (setpriv !== undefined) {
    const ids = who.switched ? [`--reuid=${who.uid}`, `--regid=${who.gid}`, "--clear-groups"] : [];
    return [setpriv, [...ids, `--pdeathsig=${deathSignal}`, file, ...args]];
  }
  if (who.switched) throw new Error("tests that start a server as root need setpriv (Debian package util-linux)");
  return [file, [...args]];
}

/** True when every folder above the path can be entered, and the path read, by any user. */
export function reachableByOthers(path: string): boolean {
  const readable = (statSync(path).mode & 0o005) === 0o005;
  for (let folder = dirname(path); readable; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
  return false;
}
