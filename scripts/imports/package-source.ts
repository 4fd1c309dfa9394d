import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type ModuleFacts, readModule } from "./read-module.ts";

export interface PackageSource {
  /** Name after `@tidewaiter/`. */
  readonly name: string;
  /** Folder from the root of the repository. */
  readonly folder: string;
  readonly dependencies: readonly string[];
  /** Also of the workspace's root: what tests may use beyond `dependencies`. */
  readonly devDependencies: readonly string[];
  /** By path inside the package, `/` between folders. */
  readonly modules: ReadonlyMap<string, ModuleFacts>;
}

export const scope = "@tidewaiter/";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/** Reads every package below packages/ and packages/protocols/. */
export function readPackages(root: string): PackageSource[] {
  const rootManifest = readManifest(root);
  const folders = ["packages", "packages/protocols"].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`),
  );
  return folders.flatMap((folder) => {
    const manifest = readManifest(join(root, folder));
    return manifest === undefined ? [] : [readPackage(root, folder, manifest, rootManifest)];
  });
}

function readPackage(root: string, folder: string, manifest: Manifest, rootManifest?: Manifest): PackageSource {
  const names = (...groups: (Record<string, string> | undefined)[]) =>
    groups.flatMap((group) => Object.keys(group ?? {}));
  const modules = new Map<string, ModuleFacts>();
  for (const path of sourceFiles(join(root, folder))) {
    const name = relative(join(root, folder), path).replaceAll("\\", "/");
    modules.set(name, readModule(`${folder}/${name}`, readFileSync(path, "utf8")));
  }
  return {
    name: manifest.name.replace(scope, ""),
    folder,
    dependencies: names(manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies),
    devDependencies: names(manifest.devDependencies, rootManifest?.devDependencies),
    modules,
  };
}

function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function* sourceFiles(folder: string): Generator<string> {
  for (const top of ["src", "bin", "test"]) yield* walk(join(folder, top));
}

function* walk(folder: string): Generator<string> {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== "generated") yield* walk(path);
    else if (entry.isFile() && /\.(ts|tsx|js|mjs)$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield path;
  }
}

function list(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
