import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sourcePackageOptions } from "./apt-sources.ts";
import { run } from "./run-program.ts";

const SOURCE = "postgresql-15";
const HEADERS = "postgresql-server-dev-15";

/** The regression suite as Debian's source package has it. Never committed: it lives in the toolchain's folder. */
export interface RegressionSource {
  /** Version of the Debian package, e.g. `15.18-0+deb12u1`. */
  readonly version: string;
  /** `src/test/regress` of the source tree. */
  readonly directory: string;
  /** Headers for modules of the server; undefined where the package could not be had. */
  readonly headers: string | undefined;
}

export type FoundSource =
  | { readonly available: true; readonly source: RegressionSource }
  | { readonly available: false; readonly reason: string };

/**
 * Finds the suite in the cache, or fetches it once by apt-get from the package sources that the machine already has: about
 * 25 MB, of the version of the server that is installed where that is still offered.
 */
export function findSource(cache: string, say: (text: string) => void): FoundSource {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a field of dpkg-query
  const installed = run("dpkg-query", ["-W", "-f", "${Version}", SOURCE]);
  const cached = existsSync(cache) ? readdirSync(cache).filter((name) => /^\d/.test(name)) : [];
  const version = cached.find((name) => name === installed) ?? cached.sort().at(-1);
  if (version !== undefined) return { available: true, source: inCache(cache, version) };
  if (run("apt-get", ["--version"]) === undefined)
    return { available: false, reason: "PostgreSQL's regression suite (apt-get, to fetch Debian's source package)" };
  say(`fetching ${SOURCE} as a source package (about 25 MB) ...`);
  const fetched = fetch(cache, installed);
  return fetched === undefined
    ? {
        available: false,
        reason: `PostgreSQL's regression suite (Debian's source package ${SOURCE} could not be fetched)`,
      }
    : { available: true, source: inCache(cache, fetched) };
}

function inCache(cache: string, version: string): RegressionSource {
  const headers = join(cache, version, "headers/usr/include/postgresql/15/server");
  return {
    version,
    directory: join(cache, version, "regress"),
    headers: existsSync(headers) ? headers : undefined,
  };
}

/** Its version, or undefined when it could not be had. Complete before it gets its name, so a half one is never found. */
function fetch(cache: string, installed: string | undefined): string | undefined {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "fetching-"));
  try {
    const options = ["-q", "-o", "APT::Sandbox::User=root", ...sourcePackageOptions(folder)];
    // a source that is out of reach does not matter while Debian's own are there
    run("apt-get", [...options, "update"]);
    const get = (version: string | undefined): boolean =>
      run("apt-get", [...options, "source", "--download-only", pinned(SOURCE, version)], { cwd: folder }) !== undefined;
    const exact = installed !== undefined && get(installed);
    if (!exact && !get(undefined)) return undefined;
    const names = readdirSync(folder);
    const archive = names.find((name) => /\.orig\.tar\.\w+$/.test(name));
    const version = names.map((name) => /_(\d.*)\.dsc$/.exec(name)?.[1]).find((one) => one !== undefined);
    if (archive === undefined || version === undefined) return undefined;
    const built = join(folder, "built");
    mkdirSync(built);
    const unpacked = ["xf", join(folder, archive), "--strip-components=3", "--wildcards", "*/src/test/regress/*"];
    if (run("tar", unpacked, { cwd: built }) === undefined || !existsSync(join(built, "regress/sql"))) return undefined;
    unpackHeaders(folder, options, exact ? installed : undefined);
    // another run may have been faster
    if (!existsSync(join(cache, version))) renameSync(built, join(cache, version));
    return version;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Into `built/headers`; without them the tests that need a module of their own fail on both sides alike. */
function unpackHeaders(folder: string, options: readonly string[], version: string | undefined): void {
  if (run("apt-get", [...options, "download", pinned(HEADERS, version)], { cwd: folder }) === undefined) return;
  const archive = readdirSync(folder).find((name) => name.startsWith(HEADERS) && name.endsWith(".deb"));
  if (archive !== undefined) run("dpkg-deb", ["-x", join(folder, archive), join(folder, "built/headers")]);
}

function pinned(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}=${version}`;
}
