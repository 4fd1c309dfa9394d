import { buildKubernetes } from "../src/kubernetes-server/build.ts";
import {
  helmMissing,
  kubernetesMissing,
  kubernetesPrograms,
  kubernetesRelease,
} from "../src/kubernetes-server/installation.ts";

const LIMIT_MS = 30 * 60_000;
const HELP = `Usage: ./scripts/kubernetes

Builds the Kubernetes ${kubernetesRelease()} of the tests (etcd, kube-apiserver and kubectl, from their public Go modules) and helm into
.toolchain/kubernetes: 250 MB, and some 4 GB in the caches of Go. Needs Go 1.26 or newer. Takes 3 to 10 minutes the first time,
10 to 30 s when Go's caches are warm, and nothing when it is there. Ends after ${LIMIT_MS / 60_000} minutes.`;

const say = (line: string) => process.stdout.write(`${line}\n`);

if (process.argv.length > 2) {
  say(HELP);
  process.exitCode = ["--help", "-h"].includes(process.argv[2] ?? "") ? 0 : 2;
} else if (kubernetesMissing() === undefined && helmMissing() === undefined) {
  say(`Kubernetes ${kubernetesRelease()} is there: ${kubernetesPrograms().folder}`);
} else {
  say(`Building Kubernetes ${kubernetesRelease()} for the tests (3 to 10 minutes the first time) ...`);
  const started = performance.now();
  const why = await buildKubernetes({ limitMs: LIMIT_MS, say });
  if (why === undefined)
    say(`Built in ${Math.round((performance.now() - started) / 1000)} s: ${kubernetesPrograms().folder}`);
  else process.stderr.write(`${why}\n`);
  process.exitCode = why === undefined ? 0 : 1;
}
