import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { unreadable } from "./input-file.ts";

export interface SourceDocument {
  readonly name: string;
  readonly source: string;
}

/** As the API takes them. */
const FILES_LIMIT = 500;
const BYTES_LIMIT = 1024 * 1024;
const EXTENSIONS = [".yaml", ".yml", ".json"];

/**
 * All files of `paths`: a file by its base name, those below a directory by their path in it (`policies/pii.yaml`), in
 * order, hidden ones left out; `-` is stdin. The name is the name of a policy, so it must not depend on where one stands.
 * @throws CliError `usage`
 */
export async function readDocuments(context: CommandContext, paths: readonly string[]): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for (const path of paths) {
    documents.push(...(await readPath(context, path)));
    if (documents.length > FILES_LIMIT) throw new CliError("usage", `${path}: more than ${FILES_LIMIT} files`);
  }
  const names = documents.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new CliError("usage", `two files are called ${twice}`, { next: "Give the directory above them." });
  }
  return documents;
}

async function readPath(context: CommandContext, path: string): Promise<SourceDocument[]> {
  if (path === "-") return [{ name: "stdin.yaml", source: await context.terminal.readStdin(BYTES_LIMIT) }];
  const full = resolve(context.cwd, path);
  const facts = await stat(full).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!facts.isDirectory()) return [{ name: basename(full), source: await readText(full, path) }];
  const files = await readdir(full, { recursive: true, withFileTypes: true });
  const names = files
    .filter((entry) => entry.isFile() && EXTENSIONS.some((extension) => entry.name.endsWith(extension)))
    .map((entry) => join(entry.parentPath, entry.name).slice(full.length).split(sep).filter(Boolean).join("/"))
    .filter((name) => !name.split("/").some((part) => part.startsWith(".") || part === "node_modules"))
    .sort();
  if (names.length === 0) throw new CliError("usage", `${path} holds no .yaml, .yml or .json file`);
  return await Promise.all(names.map(async (name) => ({ name, source: await readText(join(full, name), name) })));
}

async function readText(full: string, shown: string): Promise<string> {
  try {
    const bytes = await readFile(full);
    if (bytes.length > BYTES_LIMIT) throw new CliError("usage", `${shown} has more than 1 MiB`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw unreadable(shown, cause);
  }
}
