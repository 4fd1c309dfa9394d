import { kubernetesMissing, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels:
  kube.secret: {}
  credentials: { names: '(?i)passw' }
`;
const CANARY = "canary-quoted-8812";
const IN_BASE64 = Buffer.from(CANARY).toString("base64");

const missing = kubernetesMissing();
let world: KubeWorld;

const admission = (
  name: string,
  expression: string,
  actions: readonly string[],
  resource: readonly [string, string],
) => [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: [resource[0]], apiVersions: ["*"], operations: ["UPDATE", "DELETE"], resources: [resource[1]] },
        ],
      },
      matchConditions: [{ name: "asked", expression: `oldObject != null && oldObject.metadata.name == "${name}"` }],
      validations: [{ expression: "false", messageExpression: expression }],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: actions },
  },
];

const crd = (maxLength: number) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "vaults.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "vaults", singular: "vault", kind: "Vault" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  note: { type: "string" },
                  password: { type: "string", maxLength, ...(maxLength < 9 && { enum: ["a"] }) },
                },
                ...(maxLength < 9 && {
                  "x-kubernetes-validations": [{ rule: "false", messageExpression: "'it is ' + self.password" }],
                }),
              },
            },
          },
        },
      },
    ],
  },
});

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  const secret = (name: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData: { p: CANARY },
  });
  const map = (name: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data: { password: CANARY },
  });
  const decoded = "string(oldObject.data.p)";
  const objects = [
    secret("denied"),
    secret("warned"),
    map("mapdenied"),
    map("mapwarned"),
    ...admission("denied", decoded, ["Deny"], ["", "secrets"]),
    ...admission("warned", decoded, ["Warn"], ["", "secrets"]),
    ...admission("mapdenied", "string(oldObject.data.password)", ["Deny"], ["", "configmaps"]),
    ...admission("mapwarned", "string(oldObject.data.password)", ["Warn"], ["", "configmaps"]),
    crd(99),
  ];
  const list = { apiVersion: "v1", kind: "List", items: objects };
  const made = await world.admin(["create", "-f", "-"], { input: JSON.stringify(list) });
  if (made.code !== 0) throw new Error(made.stderr);
  await world.admin(["wait", "--for=condition=Established", "crd/vaults.example.com"]);
  const vault = { apiVersion: "example.com/v1", kind: "Vault", metadata: { name: "v" }, spec: { password: CANARY } };
  await vi.waitFor(
    async () => {
      const made = await world.admin(["create", "-f", "-"], { input: JSON.stringify(vault) });
      if (made.code !== 0) throw new Error(made.stderr);
    },
    { timeout: 10_000, interval: 200 },
  );
  await world.admin(["replace", "-f", "-"], {
    input: JSON.stringify({
      ...crd(3),
      metadata: JSON.parse((await world.admin(["get", "crd", "vaults.example.com", "-o", "json"])).stdout).metadata,
    }),
  });
  // admission policies come into force a moment later
  await vi.waitFor(
    async () => {
      for (const [kind, name] of [
        ["secret", "denied"],
        ["cm", "mapdenied"],
        ["secret", "warned"],
        ["cm", "mapwarned"],
      ] as const) {
        const { stderr } = await world.admin(["annotate", kind, name, "a=b", "--overwrite", "--dry-run=server"]);
        if (!stderr.includes(IN_BASE64) && !stderr.includes(CANARY)) throw new Error(`${name}: ${stderr}`);
      }
    },
    { timeout: 20_000, interval: 300 },
  );
});
afterAll(async () => world?.[Symbol.asyncDispose]());

const MERGE = "application/merge-patch+json";

async function annotate(path: string) {
  const spec = path.endsWith("/vaults/v") ? { spec: { note: "x" } } : {};
  const body = JSON.stringify({ metadata: { annotations: { x: "y" } }, ...spec });
  const headers = { "content-type": MERGE };
  const { status, headers: answered, bytes } = await world.ask(path, { method: "PATCH", headers, body });
  return { status, said: `${bytes.toString("utf8")}\n${JSON.stringify(answered)}` };
}

const leaks = (text: string): boolean => text.includes(CANARY) || text.includes(IN_BASE64);

skipUnless(missing === undefined, missing ?? "").describe("what the API server says of a write", () => {
  const { it } = skipUnless(true, "");

  it("shows no variable of a container in what it says about a change of others", async () => {
    const env = [{ name: "PASSWORD", value: CANARY }];
    const spec = { schedulerName: "nobody", restartPolicy: "Never", containers: [{ name: "c", image: "i", env }] };
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, spec: { template: { spec } } };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec };
    for (const object of [job, pod]) await world.admin(["create", "-f", "-"], { input: JSON.stringify(object) });
    const containers = [{ name: "c", env: [{ name: "PASSWORD", value: "guess" }] }];
    const tries = [
      ["/apis/batch/v1/namespaces/default/jobs/j", { spec: { template: { spec: { hostname: "x" } } } }],
      ["/api/v1/namespaces/default/pods/p", { spec: { containers } }],
      ["/api/v1/namespaces/default/pods/p", { spec: { hostname: "x" } }],
    ] as const;
    for (const [path, body] of tries) {
      const headers = { "content-type": "application/strategic-merge-patch+json" };
      const answer = await world.ask(path, { method: "PATCH", headers, body: JSON.stringify(body) });
      const said = answer.bytes.toString("utf8");
      expect({ path, status: answer.status, leak: leaks(said) ? said : "" }).toEqual({ path, status: 422, leak: "" });
    }
  });

  for (const [what, path, expected] of [
    ["a denial quotes a Secret", "/api/v1/namespaces/default/secrets/denied", 422],
    ["a warning quotes a Secret", "/api/v1/namespaces/default/secrets/warned", 200],
    ["a denial quotes a labelled value", "/api/v1/namespaces/default/configmaps/mapdenied", 422],
    ["a warning quotes a labelled value", "/api/v1/namespaces/default/configmaps/mapwarned", 200],
    ["a schema quotes a labelled value of a custom resource", "/apis/example.com/v1/namespaces/default/vaults/v", 422],
  ] as const)
    it(`shows no hidden value, although ${what}`, async () => {
      const { status, said } = await annotate(path);
      expect({ status, leak: leaks(said) ? said : "" }).toEqual({ status: expected, leak: "" });
    });
});
