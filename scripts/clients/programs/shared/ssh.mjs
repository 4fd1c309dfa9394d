// What clients of SSH play that are programs of their own; `ssh.py` has the same scenarios for libraries.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIG = 32 * 1024 * 1024;

/** Where to connect. Without a password, as at the server itself, the scenario that would use it goes by key. */
export const endpoint = {
  host: process.env.SSH_HOST,
  port: process.env.SSH_PORT,
  user: process.env.SSH_USER,
  key: process.env.SSH_KEY,
  knownHosts: process.env.SSH_KNOWN_HOSTS,
  home: process.env.SSH_HOME,
  password: process.env.SSH_PASSWORD,
  passwordUser: process.env.SSH_PASSWORD_USER,
};

export const folder = mkdtempSync(join(tmpdir(), "tw-ssh-client-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
export const local = (name) => join(folder, name);
export const remote = (name) => `${endpoint.home}/${name}`;

/** As ssh-keygen and most clients write it. */
export function hostKeyFingerprint() {
  const [, , key] = readFileSync(endpoint.knownHosts, "utf8").trim().split(" ");
  return `SHA256:${createHash("sha256").update(Buffer.from(key, "base64")).digest("base64").replace(/=+$/, "")}`;
}

const digestOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

function fill(name, size) {
  writeFileSync(local(name), randomBytes(size));
  return local(name);
}

/** Runs commands: `exec(command, { input, password })` resolves to `{ code, stdout, stderr }`. */
export function commands(exec) {
  return {
    "output, errors and status": () => exec("echo out; echo err >&2; exit 3"),
    "standard input": () => exec("sha256sum", { input: "x".repeat(3_000_000) }),
    "much output": async () => {
      const { code, stdout } = await exec("yes line of text | head -c 8000000");
      return [code, stdout.length, createHash("sha256").update(stdout).digest("hex")];
    },
    "several at once": () =>
      Promise.all(Array.from({ length: 6 }, (_, n) => exec(`sleep 0.2; echo number ${n}; exit ${n}`))),
    "a password": async () => (await exec("echo in", { password: true })).stdout,
    labelled: async () => (await exec(`cat ${remote("customers.csv")}`)).stdout,
    "a refused command": () => exec("hostid > /dev/null && echo ran"),
    "the next command runs": async () => (await exec("echo here")).stdout,
  };
}

/**
 * Moves files. What the host then has is read on its disk, which is this machine's.
 * @param client `put(from, to)`, `get(from, to)`, `list(folder)` resolving to names, `rename(from, to)`, and, where it can,
 * `putAll(from, to)` for a folder, several files at once
 */
export function files({ put, get, list, rename, putAll, password }) {
  return {
    "32 MiB there": async () => {
      const from = fill("there.bin", BIG);
      await put(from, remote("there.bin"));
      return digestOf(remote("there.bin")) === digestOf(from);
    },
    "32 MiB back": async () => {
      writeFileSync(remote("back.bin"), randomBytes(BIG), { mode: 0o644 });
      await get(remote("back.bin"), local("back.bin"));
      return digestOf(remote("back.bin")) === digestOf(local("back.bin"));
    },
    ...(list && { "a folder is listed": async () => (await list(remote(""))).sort() }),
    ...(rename && {
      "a file is renamed": async () => {
        await put(fill("small", 1_000), remote("before"));
        await rename(remote("before"), remote("after"));
        return [(await list(remote(""))).sort(), digestOf(remote("after")) === digestOf(local("small"))];
      },
    }),
    ...(putAll && { "many files at once": () => putAll(fill, digestOf) }),
    ...(password && { "a file by password": password }),
  };
}

/** The result of a step that has to work. */
export function ok(done) {
  if (done.code !== 0) throw new Error(`exit code ${done.code}: ${(done.stderr || done.stdout).trim().slice(-300)}`);
  return done;
}
