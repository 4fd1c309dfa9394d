import { spawn } from "node:child_process";
import { eventually } from "@tidewaiter/testkit";

/** A program that is typed into; `see` waits for text behind what was seen before. */
export function interactive(file: string, args: readonly string[], env: Record<string, string | undefined> = {}) {
  const child = spawn(file, [...args], { stdio: "pipe", env: { ...process.env, ...env } });
  const told = { stdout: "", stderr: "" };
  child.stdin.on("error", () => {});
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      told[name] += text;
    });
  let seen = 0;
  const see = (text: string): Promise<true> =>
    eventually(
      () => {
        const at = told.stdout.indexOf(text, seen);
        if (at < 0) throw new Error(`not seen: ${text} in ${JSON.stringify(told.stdout.slice(seen))} ${told.stderr}`);
        seen = at + text.length;
        return true as const;
      },
      { within: 15_000, on: [[child.stdout, "data"]] },
    );
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    told,
    see,
    closed,
    type: (text: string) => child.stdin.write(text),
    leave: () => child.kill("SIGINT"),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}
