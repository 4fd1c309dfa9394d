import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ticksPerSecond = process.platform === "linux" ? Number(execFileSync("getconf", ["CLK_TCK"])) : 100;

/** CPU seconds (user and system, all threads) that processes have used so far; undefined without /proc. */
export function cpuSeconds(pids: readonly number[]): number | undefined {
  const each = pids.map((pid) => {
    // Fields after the command's name, which may hold spaces: state is the first; utime and stime the 12th and 13th.
    const fields = readProc(pid, "stat")
      ?.replace(/^.*\) /, "")
      .split(" ");
    return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  });
  return sumOf(each);
}

/** Memory of processes in use, in bytes (VmRSS); undefined without /proc. */
export function residentBytes(pids: readonly number[]): number | undefined {
  return sumOf(
    pids.map((pid) => {
      const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, "status") ?? "")?.[1];
      return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
    }),
  );
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

function sumOf(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
    0,
  );
}
