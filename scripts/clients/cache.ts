import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "@tidewaiter/testkit";

const PROGRAMS = fileURLToPath(new URL("programs", import.meta.url));
/** A registry that does not answer must not hang the matrix. */
const INSTALL_LIMIT_MS = 3 * 60_000;

/** Nor must one that refuses: installers would try again for minutes. */
const GIVE_UP_SOON = {
  npm_config_fetch_retries: "1",
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_fetch_retry_maxtimeout: "5000",
  PIP_RETRIES: "1",
  PIP_DEFAULT_TIMEOUT: "20",
};

/** What a client needs is not to be had on this machine: it is counted as skipped, with this reason. */
export class Missing extends Error {}

/**
 * Where clients are installed: a folder per client, made once for each state of its program's manifest and kept. Programs
 * run from copies in there, so that they find their own pinned libraries and nothing of this repository.
 */
export class Cache {
  readonly root: string;
  readonly #say: (text: string) => void;

  constructor(root: string, say: (text: string) => void) {
    this.root = root;
    this.#say = say;
    mkdirSync(root, { recursive: true });
    cpSync(join(PROGRAMS, "shared"), join(root, "shared"), { recursive: true });
  }

  /** Where a file of a program is committed. */
  source(program: string, file: string): string {
    return join(PROGRAMS, program, file);
  }

  /**
   * The folder of a client with a fresh copy of its program.
   * @param install called where the program's manifest differs from the one that was installed last
   */
  async folder(
    name: string,
    program: string,
    manifests: readonly string[],
    install: (folder: string) => Promise<void>,
  ): Promise<string> {
    const folder = join(this.root, name);
    const source = join(PROGRAMS, program);
    const stamp = join(folder, ".installed");
    const wanted = digest(manifests.map((one) => join(source, one)));
    const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
    if (!installed) rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(source, folder, { recursive: true });
    if (!installed) {
      this.#say(`installing ${name}`);
      await install(folder);
      writeFileSync(stamp, wanted);
    }
    return folder;
  }

  /** As `folder`, for what has no program: `version` stands in for the manifest. */
  async tool(name: string, version: string, install: (folder: string) => Promise<void>): Promise<string> {
    const folder = join(this.root, name);
    const stamp = join(folder, ".installed");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) return folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    this.#say(`installing ${name}`);
    await install(folder);
    writeFileSync(stamp, version);
    return folder;
  }
}

/** Runs a step of an installation. @throws Missing when it fails */
export async function step(
  file: string,
  args: readonly string[],
  cwd: string,
  env = {},
  limitMs = INSTALL_LIMIT_MS,
): Promise<string> {
  const limit = AbortSignal.timeout(limitMs);
  const done = await runCommand(file, args, {
    cwd,
    env: { ...GIVE_UP_SOON, ...env },
    signal: limit,
    abortWith: "SIGKILL",
  }).catch(() => undefined);
  if (done?.code === 0) return done.stdout;
  const said = done === undefined ? "it is not there" : limit.aborted ? "it took too long" : firstLine(done.stderr);
  throw new Missing(`${[file, args[0]].join(" ")} failed: ${said}`);
}

/** Without addresses: which registry a machine asks is its own business. */
function firstLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line.replaceAll(/https?:\/\/\S+/g, "the registry").slice(0, 200);
}

function digest(paths: readonly string[]): string {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths.flatMap(files)) hash.update(readFileSync(path));
  return hash.digest("hex");
}

function files(path: string): string[] {
  return statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => files(join(path, name)))
    : [path];
}
