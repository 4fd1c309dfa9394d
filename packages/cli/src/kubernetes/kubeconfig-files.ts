import { existsSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { CommandContext } from "../context.ts";
import { CliError, systemCode } from "../errors.ts";
import { type EntryList, Kubeconfig } from "./kubeconfig.ts";

const PATIENCE_MS = 5_000;

/**
 * Several files that kubectl takes as one, by its own rules: the first that names an entry defines it; a changed entry
 * stays in its file; a new one goes to the first file that exists, else to the last.
 */
export interface KubeconfigFiles {
  has(list: EntryList, name: string): boolean;
  get(list: EntryList, name: string): unknown;
  names(list: EntryList): readonly string[];
  readonly currentContext: string | undefined;
}

export interface ChangingFiles extends KubeconfigFiles {
  set(list: EntryList, name: string, value: object): void;
  /** The path of the file that has the entry. */
  merge(list: EntryList, name: string, value: Readonly<Record<string, unknown>>): string;
  /** From every file: one behind would come to light. */
  remove(list: EntryList, name: string): void;
  setCurrentContext(name: string | undefined): void;
}

/** `file` in place of those of the environment. */
export function kubeconfigPaths({ env, cwd }: CommandContext, file: string | undefined): readonly string[] {
  return (file === undefined ? env.kubeconfigs : [file]).map((path) => resolve(cwd, path));
}

export async function readKubeconfigs(paths: readonly string[]): Promise<KubeconfigFiles> {
  return new Files(await Promise.all(paths.map(readOne)));
}

/**
 * Reads, changes and writes while nobody else does who keeps to kubectl's lock files. Each file is replaced in one step.
 * @throws CliError `conflict` when a lock stays
 */
export async function changeKubeconfigs<Result>(
  paths: readonly string[],
  change: (files: ChangingFiles) => Result,
  patienceMs = PATIENCE_MS,
): Promise<Result> {
  const locked: string[] = [];
  const there = paths.filter((path) => existsSync(path));
  const used = there.length > 0 ? there : paths.slice(-1);
  try {
    for (const path of used) {
      await lock(path, patienceMs);
      locked.push(path);
    }
    const files = new Files(await Promise.all(used.map(readOne)));
    const result = change(files);
    for (const { path, text, kubeconfig } of files.files) {
      if (!files.changed.has(path)) continue;
      const after = kubeconfig.toString();
      if (after !== text) await writePrivateFile(path, after);
    }
    return result;
  } finally {
    for (const path of locked) await rm(`${path}.lock`, { force: true });
  }
}

interface OneFile {
  readonly path: string;
  /** Undefined: there is none yet. */
  readonly text: string | undefined;
  readonly kubeconfig: Kubeconfig;
}

async function readOne(path: string): Promise<OneFile> {
  const text = await readPrivateFile(path);
  return { path, text, kubeconfig: Kubeconfig.parse(text, path) };
}

class Files implements ChangingFiles {
  readonly files: readonly OneFile[];
  readonly changed = new Set<string>();

  constructor(files: readonly OneFile[]) {
    this.files = files;
  }

  get currentContext(): string | undefined {
    return this.files.map(({ kubeconfig }) => kubeconfig.currentContext).find((name) => name !== undefined);
  }

  has(list: EntryList, name: string): boolean {
    return this.#defining(list, name) !== undefined;
  }

  get(list: EntryList, name: string): unknown {
    return this.#defining(list, name)?.kubeconfig.get(list, name);
  }

  names(list: EntryList): readonly string[] {
    return [...new Set(this.files.flatMap(({ kubeconfig }) => kubeconfig.names(list)))];
  }

  set(list: EntryList, name: string, value: object): void {
    this.#change(this.#defining(list, name) ?? this.#newOnes).set(list, name, value);
  }

  merge(list: EntryList, name: string, value: Readonly<Record<string, unknown>>): string {
    const file = this.#defining(list, name) ?? this.#newOnes;
    this.#change(file).merge(list, name, value);
    return file.path;
  }

  remove(list: EntryList, name: string): void {
    for (const file of this.files)
      if (file.kubeconfig.names(list).includes(name)) this.#change(file).remove(list, name);
  }

  setCurrentContext(name: string | undefined): void {
    const says = this.files.find(({ kubeconfig }) => kubeconfig.currentContext !== undefined);
    // set in the first file it counts before all others; cleared, where it stands
    this.#change((name === undefined ? says : undefined) ?? this.#newOnes).currentContext = name;
  }

  get #newOnes(): OneFile {
    const file = this.files.find(({ text }) => text !== undefined) ?? this.files.at(-1);
    if (file === undefined) throw new Error("no kubeconfig to write to");
    return file;
  }

  #defining(list: EntryList, name: string): OneFile | undefined {
    return this.files.find(({ kubeconfig }) => kubeconfig.names(list).includes(name));
  }

  #change(file: OneFile): Kubeconfig {
    this.changed.add(file.path);
    return file.kubeconfig;
  }
}

/** As kubectl: whoever makes FILE.lock holds the file. kubectl gives up at once; we wait a little. */
async function lock(path: string, patienceMs: number): Promise<void> {
  const file = `${path}.lock`;
  const deadline = Date.now() + patienceMs;
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  for (;;) {
    try {
      await (await open(file, "wx", 0o600)).close();
      return;
    } catch (cause) {
      if (systemCode(cause) !== "EEXIST")
        throw new CliError("failure", `${file} cannot be made`, { why: String(cause), cause });
      if (Date.now() > deadline)
        throw new CliError("conflict", `another program holds ${path}`, {
          why: `${file} is there`,
          next: "Wait for it. If nothing runs that changes it, remove that file.",
          cause,
        });
    }
    await sleep(50);
  }
}
