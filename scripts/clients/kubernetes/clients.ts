import { dirname } from "node:path";
import { findCommand, helmMissing, helmNeed, kubernetesPrograms, kubernetesRelease } from "@tidewaiter/testkit";
import { type Cache, Missing, step } from "../cache.ts";
import type { Client } from "../matrix.ts";
import { ofGo, ofMaven, ofNode, ofPython, type Program, programOfGo } from "../toolchains.ts";

const client = (name: string, install: Client["install"], more: Partial<Client> = {}): Client => ({
  name,
  server: kubernetesRelease(),
  sample: false,
  install,
  ...more,
});

export const kubernetesClients: readonly Client[] = [
  client("client-go", (cache) => ofGo(cache, "client-go", "k8s.io/client-go"), { sample: true }),
  client("kubernetes-python", (cache) => ofPython(cache, "kubernetes-python", "kubernetes")),
  client("client-node", (cache) => ofNode(cache, "client-node", "@kubernetes/client-node")),
  client("fabric8", (cache) => ofMaven(cache, "fabric8", "kubernetes-client")),
  client("kubectl", (cache) => kubectl(cache, "kubectl", kubernetesPrograms().kubectl)),
  client("kubectl-of-the-machine", (cache) => kubectl(cache, "kubectl-of-the-machine", findCommand("kubectl"))),
  client("helm", helm),
  client("stern", (cache) => withKubectl(programOfGo(cache, "stern", "github.com/stern/stern"))),
  client("k9s", k9s),
];

async function kubectl(cache: Cache, name: string, file: string | undefined): Promise<Program> {
  if (file === undefined) throw new Missing("kubectl");
  const folder = await cache.folder(name, "kubectl", [], async () => {});
  const said = await step(file, ["version", "--client", "-o", "json"], folder);
  const { clientVersion } = JSON.parse(said) as { clientVersion: { gitVersion: string } };
  return {
    file: process.execPath,
    args: [`${folder}/main.mjs`],
    env: { CLIENT_BIN: dirname(file) },
    version: `kubectl ${clientVersion.gitVersion}`,
  };
}

/** For what the program does beside its client. */
async function withKubectl(program: Promise<Program>): Promise<Program> {
  const made = await program;
  return { ...made, env: { ...made.env, CLIENT_KUBECTL: kubernetesPrograms().kubectl } };
}

/** In a terminal, which `script` makes. */
function k9s(cache: Cache): Promise<Program> {
  for (const tool of ["script", "stty"]) if (findCommand(tool) === undefined) throw new Missing(tool);
  return withKubectl(programOfGo(cache, "k9s", "github.com/derailed/k9s"));
}

async function helm(cache: Cache): Promise<Program> {
  if (helmMissing() !== undefined) throw new Missing(helmNeed);
  const file = kubernetesPrograms().helm;
  const folder = await cache.folder("helm", "helm", [], async () => {});
  const version = (await step(file, ["version", "--template", "{{.Version}}"], folder)).trim();
  return {
    file: process.execPath,
    args: [`${folder}/main.mjs`],
    env: { CLIENT_BIN: dirname(file) },
    version: `helm ${version}`,
  };
}
