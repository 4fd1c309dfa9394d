import { readWritten, type WrittenInput } from "@tidewaiter/core";
import { describe, expect, it } from "vitest";
import { operationOfWritten } from "./written-request.ts";

function operationOf(kube: NonNullable<WrittenInput["kube"]>) {
  const read = readWritten({ kube });
  if (!read.ok || read.value.type !== "kube") throw new Error(JSON.stringify(read));
  return operationOfWritten(read.value.kube);
}

describe("a written request", () => {
  it.each<[string, string, Record<string, unknown>]>([
    [
      "delete namespace/payments",
      "/api/v1/namespaces/payments",
      { verb: "delete", namespace: "payments", name: "payments" },
    ],
    ["get pods", "/api/v1/namespaces/default/pods", { verb: "list", namespace: "default", name: "" }],
    ["watch pods -A", "/api/v1/pods", { verb: "watch", namespace: "" }],
    ["deletecollection pods -n prod", "/api/v1/namespaces/prod/pods", { verb: "deletecollection", namespace: "prod" }],
    [
      "patch deploy web --subresource scale -n prod",
      "/apis/apps/v1/namespaces/prod/deployments/web/scale",
      { verb: "patch", group: "apps", resource: "deployments", subresource: "scale" },
    ],
    ["get nodes n1", "/api/v1/nodes/n1", { verb: "get", namespace: "", name: "n1" }],
    [
      "create issuers.cert-manager.io le -n prod",
      "/apis/cert-manager.io/v1/namespaces/prod/issuers",
      { verb: "create", group: "cert-manager.io", name: "le" },
    ],
    ["create namespaces dev", "/api/v1/namespaces", { verb: "create", resource: "namespaces", name: "dev" }],
    ["delete pods web-1 --dry-run", "/api/v1/namespaces/default/pods/web-1", { dryRun: true }],
    ["create pods web-1 -l app=web", "/api/v1/namespaces/default/pods", { labels: { app: "web" }, name: "web-1" }],
    ["create pods web-1", "/api/v1/namespaces/default/pods", { labels: undefined }],
    ["get /version", "/version", { verb: "get", resource: "", path: "/version" }],
    ["post /metrics", "/metrics", { verb: "post", resource: "" }],
    ["get pods 'a/b'", "/api/v1/namespaces/default/pods/a%2Fb", { unread: expect.any(String) }],
  ])("%s is read from %s", (line, path, expected) => {
    expect(operationOf(line)).toMatchObject({ type: "kube", path, ...expected });
  });

  it("of a stream has the programs that it starts", () => {
    const exec = operationOf("exec web-1 -n prod -c app -- sh -c 'id; curl x'");
    expect(exec).toMatchObject({
      verb: "create",
      resource: "pods",
      subresource: "exec",
      namespace: "prod",
      name: "web-1",
      container: "app",
      command: ["sh", "-c", "id; curl x"],
      programs: ["sh", "id", "curl"],
    });
    expect(operationOf("exec web-1 -- sh -c '$X'").programs).toBeUndefined();
  });

  it("is the same as words and as keys", () => {
    const words = operationOf("exec web-1 -n prod -- sh -c 'rm -rf /'");
    const keys = {
      verb: "create",
      resource: "pods",
      subresource: "exec",
      namespace: "prod",
      name: "web-1",
      command: ["sh", "-c", "rm -rf /"],
    };
    expect(operationOf(keys)).toEqual(words);
  });
});
