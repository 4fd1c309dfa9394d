import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The Go module of the server, of its kubelet double and of kubectl; that of helm lies inside. */
export const kubernetesModule = fileURLToPath(new URL("../../kubernetes/", import.meta.url));
/** One folder for each state of the module's sources. */
export const kubernetesBuilds = fileURLToPath(new URL("../../../../.toolchain/kubernetes/", import.meta.url));

export interface KubernetesPrograms {
  readonly server: string;
  readonly kubectl: string;
  readonly helm: string;
}

/** Where the programs of these sources lie, built or not. */
export function kubernetesPrograms(): KubernetesPrograms & { readonly folder: string } {
  const folder = join(kubernetesBuilds, digestOfSources());
  return {
    folder,
    server: join(folder, "kubernetes-server"),
    kubectl: join(folder, "kubectl"),
    helm: join(folder, "helm"),
  };
}

/**
 * What a real Kubernetes API server on this machine needs; undefined = nothing is missing. For
 * `skipUnless(kubernetesMissing() === undefined, kubernetesNeed)`.
 */
export function kubernetesMissing(): string | undefined {
  const { server, kubectl } = kubernetesPrograms();
  return existsSync(server) && existsSync(kubectl) ? undefined : kubernetesNeed;
}

/** As `kubernetesMissing`, for helm, which is built after it. */
export function helmMissing(): string | undefined {
  return existsSync(kubernetesPrograms().helm) ? undefined : helmNeed;
}

/** What stands in the name of a skipped test. */
export const kubernetesNeed = "Kubernetes, built by ./scripts/kubernetes";
export const helmNeed = "helm, built by ./scripts/kubernetes";

/** Of Kubernetes, as the module asks for it, e.g. `v1.36.3`. */
export function kubernetesRelease(): string {
  const found = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(readFileSync(join(kubernetesModule, "go.mod"), "utf8"));
  if (found?.[1] === undefined) throw new Error("go.mod names no release of k8s.io/kubernetes");
  return found[1];
}

let digest: string | undefined;

function digestOfSources(): string {
  if (digest !== undefined) return digest;
  const hash = createHash("sha256").update(`1 ${process.platform} ${process.arch}`);
  const names = readdirSync(kubernetesModule, { recursive: true, encoding: "utf8" })
    .filter((name) => /(\.go|go\.mod|go\.sum)$/.test(name))
    .sort();
  for (const name of names) hash.update(`\n${name}\n`).update(readFileSync(join(kubernetesModule, name)));
  digest = hash.digest("hex").slice(0, 16);
  return digest;
}
