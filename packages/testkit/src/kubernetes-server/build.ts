import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { findCommand, runCommand } from "../command.ts";
import {
  kubernetesBuilds,
  kubernetesMissing,
  kubernetesModule,
  kubernetesPrograms,
  kubernetesRelease,
} from "./installation.ts";

/** Builds of other states of the sources (other branches) that stay. */
const KEPT_BUILDS = 3;
const DEAD_AFTER_MS = 2 * 3_600_000;
const PROGRESS_MS = 15_000;

export interface BuildOptions {
  /** Ends the build; what is compiled by then stays in Go's cache, so that the next one is shorter. */
  readonly limitMs: number;
  readonly say: (line: string) => void;
}

/**
 * Builds etcd, kube-apiserver and kubectl of the module into `.toolchain/kubernetes`; what is there already stays. With a warm
 * cache of Go it takes 10 to 20 s, from nothing 3 to 10 minutes. Resolves to the reason when they could not be had.
 */
export async function buildKubernetes(options: BuildOptions): Promise<string | undefined> {
  if (kubernetesMissing() === undefined) return undefined;
  const go = findCommand("go");
  if (go === undefined) return "there is no 'go' in PATH (Go 1.26 or newer)";
  const { folder } = kubernetesPrograms();
  mkdirSync(kubernetesBuilds, { recursive: true });
  const building = mkdtempSync(join(kubernetesBuilds, "building-"));
  try {
    const why = await compile(go, building, options);
    if (why !== undefined) return why;
    renameSync(building, folder);
    removeOldBuilds();
    return undefined;
  } catch (error) {
    return kubernetesMissing() === undefined ? undefined : `go could not build it: ${String(error)}`;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

async function compile(go: string, folder: string, options: BuildOptions): Promise<string | undefined> {
  const release = kubernetesRelease();
  const versions = ["component-base/version", "client-go/pkg/version"];
  const linker = ["-s", "-w", ...versions.map((name) => `-X k8s.io/${name}.gitVersion=${release}`)].join(" ");
  const build = ["build", "-v", "-trimpath", "-buildvcs=false", "-mod=readonly", `-ldflags=${linker}`];
  const nice = findCommand("nice");
  const command = [...(nice === undefined ? [] : [nice, "-n", "10"]), go, ...build, "-o", `${folder}/`, "./..."];
  const [file = "", ...args] = command;
  let [downloaded, compiled] = [0, 0];
  const progress = setInterval(() => {
    options.say(`  ${downloaded} modules downloaded, ${compiled} packages compiled ...`);
  }, PROGRESS_MS);
  const limit = AbortSignal.timeout(options.limitMs);
  try {
    const done = await runCommand(file, args, {
      cwd: kubernetesModule,
      env: { CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: "local", GOWORK: "off" },
      signal: limit,
      abortWith: "SIGTERM",
      onStderr: (chunk) => {
        for (const line of chunk.toString().split("\n")) {
          if (line.startsWith("go: downloading")) downloaded++;
          else if (line !== "") compiled++;
        }
      },
    });
    if (done.code === 0) return undefined;
    if (limit.aborted) return `go was not ready after ${Math.round(options.limitMs / 60_000)} minutes`;
    return `go could not build it: ${lastLine(done.stderr)}`;
  } finally {
    clearInterval(progress);
  }
}

/** Without addresses: which proxy a machine asks is its own business. */
function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line.replaceAll(/https?:\/\/\S+/g, "the module proxy").slice(0, 200);
}

/** Also what is left of builds that were killed. */
function removeOldBuilds(): void {
  const builds = readdirSync(kubernetesBuilds)
    .map((name) => ({ name, path: join(kubernetesBuilds, name) }))
    .map((build) => ({ ...build, made: statSync(build.path).mtimeMs, ready: !build.name.startsWith("building-") }))
    .sort((one, other) => other.made - one.made);
  const old = builds.filter((build) => build.ready).slice(KEPT_BUILDS);
  const dead = builds.filter((build) => !build.ready && Date.now() - build.made > DEAD_AFTER_MS);
  for (const build of [...old, ...dead]) rmSync(build.path, { recursive: true, force: true });
}
