// Runs a program to its end, with the endpoint in the variables of libpq.
import { spawn } from "node:child_process";

export function command(file, args, { input = "", env = {}, onStdout, signal } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      onStdout?.(stdout, child);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    signal?.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A program under test, in the folder of CLIENT_BIN or on the machine. */
export const program = (name) => (process.env.CLIENT_BIN ? `${process.env.CLIENT_BIN}/${name}` : name);
