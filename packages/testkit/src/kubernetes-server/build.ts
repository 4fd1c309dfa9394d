import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { goBuild } from "./go-build.ts";
import {
  helmMissing,
  kubernetesBuilds,
  kubernetesMissing,
  kubernetesModule,
  kubernetesPrograms,
  kubernetesRelease,
} from "./installation.ts";

/** Builds of other states of the sources (other branches) that stay. */
const KEPT_BUILDS = 3;
const DEAD_AFTER_MS = 2 * 3_600_000;

export interface BuildOptions {
  /** Ends the build; what is compiled by then stays in Go's cache, so that the next one is shorter. */
  readonly limitMs: number;
  readonly say: (line: string) => void;
}

/**
 * Builds etcd, kube-apiserver and kubectl of the module, then helm, into `.toolchain/kubernetes`; what is there already stays.
 * With a warm cache of Go it takes 10 to 20 s, from nothing 3 to 10 minutes. Resolves to the reason when something could not be
 * had.
 */
export async function buildKubernetes(options: BuildOptions): Promise<string | undefined> {
  const signal = AbortSignal.timeout(options.limitMs);
  mkdirSync(kubernetesBuilds, { recursive: true });
  const building = mkdtempSync(join(kubernetesBuilds, "building-"));
  const target = kubernetesPrograms();
  const shared = { output: building, signal, say: options.say };
  try {
    if (kubernetesMissing() !== undefined) {
      const versions = ["component-base/version", "client-go/pkg/version"];
      const linker = versions.map((name) => `-X k8s.io/${name}.gitVersion=${kubernetesRelease()}`);
      const why = await goBuild({ ...shared, module: kubernetesModule, packages: "./...", linker });
      if (why !== undefined) return why;
      mkdirSync(target.folder, { recursive: true });
      moveInto(building, target.server, "kubernetes-server");
      moveInto(building, target.kubectl, "kubectl");
      removeOldBuilds();
    }
    if (helmMissing() !== undefined) {
      const module = join(kubernetesModule, "helm");
      const why = await goBuild({ ...shared, module, packages: "helm.sh/helm/v4/cmd/helm" });
      if (why !== undefined) return `helm: ${why}`;
      moveInto(building, target.helm, "helm");
    }
    return undefined;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** Another run may have been faster, and its program may be running. */
function moveInto(building: string, target: string, name: string): void {
  if (!existsSync(target)) renameSync(join(building, name), target);
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
