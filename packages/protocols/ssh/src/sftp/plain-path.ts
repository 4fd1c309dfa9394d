import { posix } from "node:path";

/** A path as rules see it: `/var/../etc//x` is `/etc/x`. Links, and where a relative path begins, only the target knows. */
export function plainPath(path: string): string {
  return path === "" ? path : posix.normalize(path);
}
