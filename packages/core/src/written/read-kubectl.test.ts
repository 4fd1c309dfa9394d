import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readKubectl } from "./read-kubectl.ts";
import { lineOf, wordsOf } from "./words.ts";
import { completeKube, kubeText, type WrittenKube } from "./written-kube.ts";

const NOTHING: WrittenKube = {
  verb: "",
  group: "",
  version: "v1",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
  labels: undefined,
  dryRun: false,
  container: "",
  command: [],
};
const PODS = { resource: "pods", namespace: "default" };

describe("a request in the words of kubectl", () => {
  it.each<[string, Partial<WrittenKube>]>([
    ["delete namespace/payments", { verb: "delete", resource: "namespaces", namespace: "payments", name: "payments" }],
    ["delete ns payments", { verb: "delete", resource: "namespaces", namespace: "payments", name: "payments" }],
    ["get pods", { verb: "list", ...PODS }],
    ["get po -A", { verb: "list", resource: "pods" }],
    ["GET Pod web-1 --namespace=prod", { verb: "get", resource: "pods", namespace: "prod", name: "web-1" }],
    ["get pod/web-1", { verb: "get", ...PODS, name: "web-1" }],
    ["watch secrets -n kube-system", { verb: "watch", resource: "secrets", namespace: "kube-system" }],
    ["patch deploy web", { verb: "patch", group: "apps", resource: "deployments", namespace: "default", name: "web" }],
    [
      "patch deployments.v1beta1.apps web",
      { verb: "patch", group: "apps", version: "v1beta1", resource: "deployments", namespace: "default", name: "web" },
    ],
    [
      "patch deployments web --subresource scale",
      {
        verb: "patch",
        group: "apps",
        resource: "deployments",
        subresource: "scale",
        namespace: "default",
        name: "web",
      },
    ],
    [
      "create issuers.cert-manager.io letsencrypt -n prod",
      { verb: "create", group: "cert-manager.io", resource: "issuers", namespace: "prod", name: "letsencrypt" },
    ],
    [
      "get events.events.k8s.io -n prod",
      { verb: "list", group: "events.k8s.io", resource: "events", namespace: "prod" },
    ],
    [
      "create pods web-1 -l app=web,tier= --dry-run=server",
      { verb: "create", ...PODS, name: "web-1", labels: { app: "web", tier: "" }, dryRun: true },
    ],
    ["delete pods web-1 -l app=web", { verb: "delete", ...PODS, name: "web-1", labels: { app: "web" } }],
    ["deletecollection pods -n prod", { verb: "deletecollection", resource: "pods", namespace: "prod" }],
    ["get nodes", { verb: "list", resource: "nodes" }],
    [
      "get hpa",
      { verb: "list", group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers", namespace: "default" },
    ],
    [
      "exec web-1 -n prod -c app -- sh -c 'rm -rf /'",
      {
        verb: "create",
        resource: "pods",
        subresource: "exec",
        namespace: "prod",
        name: "web-1",
        container: "app",
        command: ["sh", "-c", "rm -rf /"],
      },
    ],
    ["exec pod/web-1 -- ls -n", { verb: "create", ...PODS, subresource: "exec", name: "web-1", command: ["ls", "-n"] }],
    ["attach web-1", { verb: "create", ...PODS, subresource: "attach", name: "web-1" }],
    ["port-forward web-1 8080:80 9090", { verb: "create", ...PODS, subresource: "portforward", name: "web-1" }],
    ["logs web-1 -c app", { verb: "get", ...PODS, subresource: "log", name: "web-1", container: "app" }],
    [
      "get services web --subresource proxy",
      { verb: "get", resource: "services", subresource: "proxy", namespace: "default", name: "web" },
    ],
    ["get /version", { verb: "get", version: "", path: "/version" }],
    ["post /metrics --dry-run", { verb: "post", version: "", path: "/metrics", dryRun: true }],
  ])("%s", (line, expected) => {
    expect(readKubectl(line)).toEqual({ ok: true, value: { ...NOTHING, ...expected } });
  });

  it.each<[string, string, string | undefined]>([
    ["", "says nothing", undefined],
    ["get 'pods", "a quote stays open", undefined],
    ["get", "names neither a resource nor a path", undefined],
    ["delete pods", "delete needs the name of one of the pods", undefined],
    ["list pods web-1", "list takes no name", "web-1"],
    ["delete pods web-1 web-2", '"web-2" is one name too many', "web-2"],
    ["delete pods/web-1 web-2", '"web-2" is one name too many', "web-2"],
    ["delete pods/ web-2", '"pods/" names nothing behind "/"', "pods/"],
    ["create pods/exec", 'a name stands behind "/", not the subresource "exec"', "pods/exec"],
    ["get pods web-1 -n", "-n needs a value", "-n"],
    ["get pods -n a -n b", "namespace is given twice", "-n"],
    ["get pods -l app=web", "list speaks of many objects", "-l"],
    ["create pods -l app", '"app" is not KEY=VALUE', "-l"],
    ["get pods --selector app=web", 'unknown flag "--selector"', "--selector"],
    ["get pods web-1 -c app", "a container is named for exec, attach and log only", "-c"],
    ["get pods web-1 -- ls", "only exec runs a command", "--"],
    ["exec web-1", "exec needs a command", undefined],
    ["exec web-1 ls", '"ls" is one word too many', "ls"],
    ["exec deploy/web -- ls", 'exec of "deploy/web" is answered by a pod', "deploy/web"],
    ["get pods web-1 --subresource exec", "exec is asked for by create", "get"],
    ["get /version x", '"x" behind a path means nothing', "x"],
    ["create /version", '"create" is no method', "create"],
    ["frobnicate pods", '"frobnicate" is no verb of the API', "frobnicate"],
    ["get issuers.cert-manager.io", 'whether "issuers" are in a namespace is not known', "issuers.cert-manager.io"],
    ["get nodes n1 -n prod", "nodes are in no namespace", "-n"],
    ["__proto__ pods", '"__proto__" is no verb of the API', "__proto__"],
    ["get __proto__", 'there is no resource "__proto__"', "__proto__"],
  ])("refuses %j: %s", (line, message, word) => {
    const read = readKubectl(line);
    if (read.ok) throw new Error("it was read");
    expect(read.problem.message).toBe(message);
    if (word !== undefined) expect(line.slice(read.start, read.end)).toBe(word);
  });

  it("reads any text without failing, and problems stand inside of it", () => {
    const piece = fc.constantFrom(
      "get",
      "pods",
      "delete",
      "exec",
      "/",
      "-n",
      "--",
      "-l",
      "a=b",
      "'",
      '"',
      "\\",
      " ",
      "web",
      ".apps",
      "=",
      "-",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map((parts) => parts.join("")),
      fc.array(piece).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(text, (line) => {
        const read = readKubectl(line);
        if (!read.ok)
          expect([0 <= read.start, read.start <= read.end, read.end <= line.length]).toEqual([true, true, true]);
      }),
      { numRuns: 500 },
    );
  });

  it("is told as a line that is read as the same request", () => {
    const word = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== "");
    const request = fc.record({
      type: fc.constantFrom(
        "pods",
        "deploy",
        "nodes",
        "namespaces",
        "issuers.cert-manager.io",
        "events.events.k8s.io",
        "deployments.v2.apps",
      ),
      verb: fc.constantFrom("get", "list", "watch", "create", "patch", "delete", "deletecollection"),
      name: fc.constantFrom("web-1", ""),
      namespace: fc.constantFrom(undefined, "", "prod"),
      exec: fc.option(fc.array(word, { minLength: 1, maxLength: 3 })),
    });
    let told = 0;
    fc.assert(
      fc.property(request, ({ type, exec, ...rest }) => {
        const asked =
          exec === null
            ? { ...rest, resource: type }
            : { ...rest, verb: "create", resource: "pods", subresource: "exec", command: exec };
        const complete = completeKube(asked);
        if (!complete.ok) return;
        told++;
        expect(readKubectl(kubeText(complete.value))).toEqual(complete);
      }),
      { numRuns: 500 },
    );
    expect(told).toBeGreaterThan(100);
  });
});

it("words are split as a shell splits them, and quoted so that they are the same again", () => {
  expect(wordsOf(` a 'b c'"d"\\ e '' `)?.map(({ text }) => text)).toEqual(["a", "b cd e", ""]);
  expect(wordsOf("a 'b")).toBeUndefined();
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(wordsOf(lineOf(words))?.map(({ text }) => text)).toEqual(words);
    }),
  );
});
