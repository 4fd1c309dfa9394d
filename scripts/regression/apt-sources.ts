import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const SYSTEM_LISTS = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"] as const;

/**
 * The machine's own package sources, asked for source packages as well, with lists and caches of their own below `folder`:
 * nothing of the system is changed, and no rights are needed. Returns the options for apt-get.
 */
export function sourcePackageOptions(folder: string): string[] {
  const parts = join(folder, "sources");
  const lists = join(folder, "lists");
  for (const path of [parts, join(lists, "partial"), join(folder, "archives/partial")])
    mkdirSync(path, { recursive: true });
  for (const path of SYSTEM_LISTS.flatMap(filesOf))
    writeFileSync(join(parts, basename(path)), asSources(readFileSync(path, "utf8"), path.endsWith(".sources")));
  const options = {
    "Dir::Etc::SourceList": "/dev/null",
    "Dir::Etc::SourceParts": parts,
    "Dir::State::Lists": lists,
    "Dir::Cache": folder,
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  if (path.endsWith(".list")) return [path];
  const lists = readdirSync(path).filter((name) => name.endsWith(".list") || name.endsWith(".sources"));
  return lists.map((name) => join(path, name));
}

/** `deb` lines, or `Types: deb` of the newer form, also (or instead) for sources. */
export function asSources(text: string, stanzas: boolean): string {
  return stanzas
    ? text.replaceAll(/^Types:.*$/gm, "Types: deb deb-src")
    : text.replaceAll(/^deb\s(.*)$/gm, "deb $1\ndeb-src $1");
}
