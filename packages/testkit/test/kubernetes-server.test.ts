import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { certificateAuthority } from "../src/certificates.ts";
import { eventually } from "../src/eventually.ts";
import { helm } from "../src/kubernetes-server/helm.ts";
import { helmMissing, helmNeed, kubernetesMissing, kubernetesNeed } from "../src/kubernetes-server/installation.ts";
import { kubectl } from "../src/kubernetes-server/kubectl.ts";
import { type KubernetesServer, startKubernetes } from "../src/kubernetes-server/start-kubernetes.ts";
import { skipUnless } from "../src/skip-unless.ts";
import { tempDir } from "../src/temp-dir.ts";

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("the real API server", () => {
  let cluster: KubernetesServer;
  let admin: string;
  const run = (args: readonly string[], input?: string | Uint8Array) => kubectl(args, { kubeconfig: admin, input });
  const works = async (args: readonly string[], input?: string | Uint8Array): Promise<string> => {
    const done = await run(args, input);
    expect(done, `kubectl ${args.join(" ")}`).toMatchObject({ code: 0 });
    return done.stdout;
  };

  beforeAll(async () => {
    cluster = await startKubernetes({ users: { ana: ["developers"] } });
    admin = cluster.kubeconfig();
  });
  afterAll(() => cluster?.stop());

  it("is of the same release as kubectl", async () => {
    const versions = JSON.parse(await works(["version", "--output=json"]));
    expect(versions.serverVersion.gitVersion).toBe(versions.clientVersion.gitVersion);
  });

  it("creates, applies, patches, pages and deletes", async () => {
    const config = (value: string) =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "colours" },
        data: { sky: value },
      });
    expect(await works(["apply", "-f", "-"], config("blue"))).toBe("configmap/colours created\n");
    expect(await works(["apply", "-f", "-"], config("grey"))).toBe("configmap/colours configured\n");
    expect(await works(["apply", "--server-side", "--force-conflicts", "-f", "-"], config("red"))).toContain(
      "serverside-applied",
    );
    await works(["patch", "configmap", "colours", "--type=merge", "-p", '{"data":{"sea":"green"}}']);
    expect(JSON.parse(await works(["get", "configmap", "colours", "-o", "json"])).data).toEqual({
      sky: "red",
      sea: "green",
    });
    const page = await cluster.call("GET", "/api/v1/namespaces?limit=2");
    expect(page.json).toMatchObject({ metadata: { continue: expect.stringMatching(/./), remainingItemCount: 2 } });
    expect(await works(["delete", "configmap", "colours"])).toContain("deleted");
  });

  it("ends a namespace with all that is in it", async () => {
    await works(["create", "namespace", "passing"]);
    await works(["create", "secret", "generic", "one", "--from-literal=a=b", "-n", "passing"]);
    await works(["run", "idle", "--image=none", "-n", "passing"]);
    await works(["delete", "namespace", "passing", "--timeout=20s"]);
    expect((await run(["get", "namespace", "passing"])).stderr).toContain("not found");
  });

  it("takes resources of one's own", async () => {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await works(
      ["apply", "-f", "-"],
      JSON.stringify({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "ships.tidewaiter.test" },
        spec: {
          group: "tidewaiter.test",
          scope: "Namespaced",
          names: { plural: "ships", singular: "ship", kind: "Ship" },
          versions: [{ name: "v1", served: true, storage: true, schema }],
        },
      }),
    );
    await works(["wait", "--for=condition=Established", "crd/ships.tidewaiter.test"]);
    const ship = { apiVersion: "tidewaiter.test/v1", kind: "Ship", metadata: { name: "beagle" } };
    await works(["create", "-f", "-"], JSON.stringify(ship));
    expect(await works(["get", "ships", "-o", "name"])).toBe("ship.tidewaiter.test/beagle\n");
  });

  it("watches", async () => {
    const stop = new AbortController();
    let seen = "";
    const watching = kubectl(["get", "configmaps", "--watch-only", "-o", "name"], {
      kubeconfig: admin,
      signal: stop.signal,
      onStdout: (chunk) => {
        seen += chunk.toString();
      },
    });
    await eventually(() =>
      cluster.auditLog().some((event) => event.verb === "watch" && event.objectRef?.resource === "configmaps"),
    );
    for (const name of ["w1", "w2", "w3"]) await works(["create", "configmap", name]);
    await eventually(() => seen.includes("w3"));
    stop.abort();
    await watching;
    expect(seen.match(/configmap\/w\d/g)).toEqual(["configmap/w1", "configmap/w2", "configmap/w3"]);
  });

  it("refuses whoever shows nothing, something wrong, or has no right", async () => {
    expect((await cluster.call("GET", "/api", { token: null })).status).toBe(401);
    expect((await cluster.call("GET", "/api", { token: "wrong" })).status).toBe(401);
    const ana = cluster.kubeconfig("ana");
    const denied = await kubectl(["get", "secrets"], { kubeconfig: ana });
    expect(denied).toMatchObject({ code: 1, stdout: "" });
    expect(denied.stderr).toContain('User "ana" cannot list resource "secrets"');
    await cluster.allow({ groups: ["developers"] }, { verbs: ["list"], resources: ["secrets"], namespace: "default" });
    await eventually(async () => (await kubectl(["get", "secrets"], { kubeconfig: ana })).code === 0);
    expect((await kubectl(["get", "secrets", "-n", "kube-system"], { kubeconfig: ana })).code).toBe(1);
  });

  it("knows people by their certificates", async () => {
    const kubeconfig = cluster.kubeconfig(await cluster.clientCertificate("mia", ["auditors", "developers"]));
    const who = await kubectl(["auth", "whoami", "-o", "json"], { kubeconfig });
    expect(JSON.parse(who.stdout).status.userInfo).toMatchObject({
      username: "mia",
      groups: ["auditors", "developers", "system:authenticated"],
    });
    const another = await certificateAuthority();
    const foreign = await another.issue({ commonName: "mia", usage: "client" });
    expect((await kubectl(["get", "ns"], { kubeconfig: cluster.kubeconfig(foreign) })).code).toBe(1);
  });

  it("lets the gateway's identity impersonate people, and nothing else; the audit log names both", async () => {
    const kubeconfig = cluster.kubeconfig("gateway");
    expect((await kubectl(["get", "namespaces"], { kubeconfig })).code).toBe(1);
    const as = ["--as=kim@example.test", "--as-group=operators"];
    expect((await kubectl(["get", "namespaces", ...as], { kubeconfig })).stderr).toContain(
      'User "kim@example.test" cannot list',
    );
    await cluster.allow({ groups: ["operators"] }, { verbs: ["list"], resources: ["namespaces"] });
    await eventually(async () => (await kubectl(["get", "namespaces", ...as], { kubeconfig })).code === 0);
    const event = await eventually(() =>
      cluster
        .auditLog()
        .find(
          (one) =>
            one.impersonatedUser?.username === "kim@example.test" &&
            one.responseStatus?.code === 200 &&
            one.objectRef?.resource === "namespaces",
        ),
    );
    expect(event).toMatchObject({ user: { username: "gateway" }, verb: "list", level: "Metadata" });
    expect(event.impersonatedUser?.groups).toEqual(["operators", "system:authenticated"]);
    const uid = await cluster.call("GET", "/api", {
      token: cluster.tokens.gateway ?? "",
      headers: { "impersonate-user": "kim@example.test", "impersonate-uid": "7" },
    });
    expect(uid.status).toBe(403);
  });

  it("gives tokens to service accounts", async () => {
    await works(["create", "serviceaccount", "robot"]);
    const token = (await works(["create", "token", "robot", "--duration=10m"])).trim();
    const answer = await cluster.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      token,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    });
    expect(answer.json).toMatchObject({ status: { userInfo: { username: "system:serviceaccount:default:robot" } } });
  });

  skipUnless(helmMissing() === undefined, helmNeed).it("takes charts of helm", async () => {
    await using chart = tempDir("chart");
    mkdirSync(join(chart.path, "templates"));
    writeFileSync(join(chart.path, "Chart.yaml"), "apiVersion: v2\nname: tiny\nversion: 0.1.0\n");
    const template = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: tiny }\ndata: { word: {{ .Values.word }} }\n";
    writeFileSync(join(chart.path, "templates/config.yaml"), template);
    const word = async () => (await works(["get", "configmap", "tiny", "-o", "jsonpath={.data.word}"])).trim();
    const install = ["upgrade", "--install", "one", chart.path];
    expect(await helm([...install, "--set", "word=first"], { kubeconfig: admin })).toMatchObject({ code: 0 });
    expect(await word()).toBe("first");
    expect(await helm([...install, "--set", "word=second"], { kubeconfig: admin })).toMatchObject({ code: 0 });
    expect(await word()).toBe("second");
    expect(await helm(["uninstall", "one"], { kubeconfig: admin })).toMatchObject({ code: 0 });
    expect((await run(["get", "configmap", "tiny"])).code).toBe(1);
  });
});
