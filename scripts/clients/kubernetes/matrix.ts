import { kubernetesMissing } from "@tidewaiter/testkit";
import type { Matrix } from "../matrix.ts";
import { kubernetesClients } from "./clients.ts";
import { policySpeaks } from "./policy-speaks.ts";
import { LABELLED, MASKED, SECRETS, startKubernetesSite } from "./site.ts";

const ABOUT = `# Clients of Kubernetes

Each client plays its scenarios (who it is, get, list in pages, create, replace, patch, conflict, delete, watch of ten changes,
a Secret, a labelled ConfigMap, large objects, logs, exec, cp, port-forward, as far as it has them) three times: at the API server,
through the gateway without a policy, and through the gateway with a key of ConfigMaps labelled, a rule that shows the Secrets of
Helm's releases and one that refuses to delete an object by its name. kubectl plays rollouts, waits, events, debug, run, kustomize, apply with
\`--prune\` and with two managers, edit, proxy, cordon, taint and drain as well (there are no controllers behind the API server, so
rollouts change no pods); k9s is typed into and read from its screen; stern follows the logs of several pods. It must see exactly what it sees directly, but for the values of other Secrets and labelled values. All of them
use the kubeconfig that \`tw kube login\` writes, as it is; fabric8, which knows no \`tls-server-name\`, that of
\`tw kube login --path\`. The API server is the real one of the version named; pods are run by a double of the kubelet. Written by
\`node scripts/clients/main.ts kubernetes --write\` and by every long run of the suite \`kube-clients\`; what each scenario does is in \`scripts/clients\`.
`;

/** As text, and as clients write what they have read in base64. */
const spellings = (value: string): readonly string[] => [value, Buffer.from(value).toString("base64")];

function masked(text: string, hidden: readonly string[]): string {
  const masks = spellings(MASKED);
  return hidden.reduce(
    (all, value) => spellings(value).reduce((some, one, index) => some.replaceAll(one, masks[index] ?? ""), all),
    text,
  );
}

const SEEN_NOWHERE = SECRETS.flatMap(spellings);

export const kubernetesMatrix: Matrix = {
  page: "packages/docs/kubernetes-clients.md",
  about: ABOUT,
  clients: kubernetesClients,
  expected: {
    same: (text) => masked(text, SECRETS),
    labelled: (text) => masked(text, [...SECRETS, LABELLED]),
    hiding: { same: ["secret"], labelled: ["secret", "labelled"] },
    policySpeaks,
  },
  never: { same: SEEN_NOWHERE, labelled: [...SEEN_NOWHERE, ...spellings(LABELLED)] },
  startSite: startKubernetesSite,
  missing: kubernetesMissing,
};
