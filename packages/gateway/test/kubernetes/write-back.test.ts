import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesMissing, skipUnless, tempDir } from "@tidewaiter/testkit";
import { afterAll, beforeAll, beforeEach, expect, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const POLICY = `
version: 1
labels:
  contact.email: { detect: [email] }
  credentials: { names: '(?i)passw' }
`;

const TRUE = "the-true-value-4411";
const missing = kubernetesMissing();
const folder = tempDir("kube-edit");
let world: KubeWorld;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = await startWorld([{ name: "kube", source: POLICY }]);
  await world.admin(["create", "namespace", "shop"]);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await folder.remove();
});

const manifest = (name: string, values: Record<string, string>, labels: Record<string, string> = {}) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "shop", labels },
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    ),
  });

/** An editor that changes the first match of one expression of sed. */
function editor(expression: string): Record<string, string> {
  const path = join(folder.path, `edit-${Math.abs(hash(expression))}`);
  writeFileSync(path, `#!/bin/sh\nexec sed -i '${expression}' "$1"\n`);
  chmodSync(path, 0o700);
  return { KUBE_EDITOR: path, EDITOR: path };
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}

const stored = async (name: string, path: string, kind = "secret"): Promise<string> =>
  (await world.admin(["get", kind, name, "-n", "shop", "-o", `jsonpath=${path}`])).stdout;
const storedValue = async (name: string, key: string): Promise<string> =>
  Buffer.from(await stored(name, `{.data.${key}}`), "base64").toString();
const untouched = async (name: string): Promise<void> => {
  expect(await storedValue(name, "password")).toBe(TRUE);
  expect(await stored(name, "{.metadata.annotations}")).not.toContain("masked by tidewaiter");
};

skipUnless(missing === undefined, missing ?? "").describe("who sees masks and writes", () => {
  const { it } = skipUnless(true, "");
  const ok = { code: 0, stderr: "" };

  beforeEach(async () => {
    await world.admin(["delete", "secret,cm", "--all", "-n", "shop"]);
    await world.admin(["apply", "-f", "-"], {
      input: manifest("db", { password: TRUE, user: "shop" }, { app: "web" }),
    });
  });

  it("applies a true manifest, again and with changes, by the client and by the server", async () => {
    const apply = (body: string, ...more: string[]) => world.kubectl(["apply", "-f", "-", ...more], { input: body });
    const same = manifest("db", { password: TRUE, user: "shop" }, { app: "web" });
    expect(await apply(same)).toMatchObject(ok);
    expect(await apply(same)).toMatchObject(ok);
    await untouched("db");
    expect(await apply(manifest("db", { password: "another-5522", more: "x" }, { app: "api" }))).toMatchObject(ok);
    expect(await storedValue("db", "password")).toBe("another-5522");
    expect(await stored("db", "{.metadata.labels.app}")).toBe("api");
    // what the manifest leaves away is taken away, as the last one is known by its keys
    expect(await stored("db", "{.data.user}")).toBe("");
    const byServer = await apply(manifest("db", { password: TRUE }), "--server-side", "--force-conflicts");
    expect(byServer).toMatchObject({ code: 0 });
    expect(await storedValue("db", "password")).toBe(TRUE);
    const made = await apply(manifest("fresh", { password: TRUE }), "--server-side");
    expect(made).toMatchObject({ code: 0 });
  });

  it("edits what is not masked", async () => {
    expect(
      await world.kubectl(["edit", "secret", "db", "-n", "shop"], { env: editor("s/app: web/app: edited/") }),
    ).toMatchObject({ code: 0 });
    expect(await stored("db", "{.metadata.labels.app}")).toBe("edited");
    await untouched("db");
    expect(await world.kubectl(["label", "secret", "db", "-n", "shop", "seen=yes"])).toMatchObject(ok);
    expect(await world.kubectl(["annotate", "secret", "db", "-n", "shop", "note=x"])).toMatchObject(ok);
    await untouched("db");
  });

  it("edits a masked value into another", async () => {
    const env = editor("s/^  password: .*/  password: bmV3LXZhbHVl/");
    expect(await world.kubectl(["edit", "secret", "db", "-n", "shop"], { env })).toMatchObject({ code: 0 });
    expect(await storedValue("db", "password")).toBe("new-value");
    expect(await storedValue("db", "user")).toBe("shop");
    const patch = JSON.stringify({ stringData: { password: TRUE } });
    for (const type of ["strategic", "merge"])
      expect(await world.kubectl(["patch", "secret", "db", "-n", "shop", "--type", type, "-p", patch])).toMatchObject(
        ok,
      );
    const step = JSON.stringify([{ op: "replace", path: "/data/user", value: Buffer.from("u2").toString("base64") }]);
    expect(await world.kubectl(["patch", "secret", "db", "-n", "shop", "--type", "json", "-p", step])).toMatchObject(
      ok,
    );
    expect([await storedValue("db", "password"), await storedValue("db", "user")]).toEqual([TRUE, "u2"]);
  });

  it("never stores a mask", async () => {
    const shown = await world.kubectl(["get", "secret", "db", "-n", "shop", "-o", "yaml"]);
    expect(shown.stdout).not.toContain(TRUE);
    const copy = shown.stdout
      .replace("name: db", "name: copy")
      .replace(/^ {2}(uid|resourceVersion|creationTimestamp): .*\n/gm, "");
    const refused = { code: 1, stderr: expect.stringMatching(/is a mask, not the value.*\[no-mask-write-back\]/) };
    for (const args of [["create"], ["apply"], ["apply", "--server-side"], ["create", "--dry-run=server"]])
      expect({ args, ...(await world.kubectl([...args, "-f", "-"], { input: copy })) }).toMatchObject({
        args,
        ...refused,
      });
    expect(await world.kubectl(["replace", "-f", "-"], { input: shown.stdout })).toMatchObject(refused);
    const mask = /password: (\S+)/.exec(shown.stdout)?.[1] ?? "";
    const patch = JSON.stringify({ data: { other: mask } });
    expect(await world.kubectl(["patch", "secret", "db", "-n", "shop", "-p", patch])).toMatchObject(refused);
    const text = Buffer.from(mask, "base64").toString();
    const literal = ["create", "secret", "generic", "x", "-n", "shop", `--from-literal=a=pre ${text} post`];
    expect(await world.kubectl(literal)).toMatchObject(refused);
    const renamed = editor(`s/^  user: .*/  user: ${mask.replaceAll("/", "\\/")}/`);
    await world.kubectl(["edit", "secret", "db", "-n", "shop"], { env: renamed });
    await untouched("db");
    expect((await world.admin(["get", "secrets", "-n", "shop", "-o", "name"])).stdout).toBe("secret/db\n");
  });

  it("does not bring a value to where it is not masked, nor guess it", async () => {
    const denied = { code: 1, stderr: expect.stringContaining("[no-laundering]") };
    const steps = [
      { op: "copy", from: "/data/password", path: "/metadata/annotations/x" },
      { op: "move", from: "/data/password", path: "/metadata/labels/x" },
      { op: "test", path: "/data/password", value: Buffer.from(TRUE).toString("base64") },
    ];
    for (const step of steps)
      expect(
        await world.kubectl(["patch", "secret", "db", "-n", "shop", "--type", "json", "-p", JSON.stringify([step])]),
      ).toMatchObject(denied);
    await untouched("db");
  });

  it("keeps the same of what labels and detectors hide in others", async () => {
    const config = (data: Record<string, string>) =>
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app", namespace: "shop" }, data });
    const data = { password: TRUE, text: "mail ann@example.com\n", port: "80" };
    await world.admin(["apply", "-f", "-"], { input: config(data) });
    const shown = await world.kubectl(["get", "cm", "app", "-n", "shop", "-o", "yaml"]);
    expect(shown.stdout).toContain("<email masked by tidewaiter>");
    expect(shown.stdout).not.toMatch(/the-true|ann@example/);
    expect(await world.kubectl(["replace", "-f", "-"], { input: shown.stdout })).toMatchObject({ code: 1 });
    expect(
      await world.kubectl(["edit", "cm", "app", "-n", "shop"], { env: editor('s/port: .*/port: "81"/') }),
    ).toMatchObject({ code: 0 });
    expect(await world.kubectl(["apply", "-f", "-"], { input: config({ ...data, port: "82" }) })).toMatchObject(ok);
    expect(await stored("app", "{.data.password}{.data.text}{.data.port}", "cm")).toBe(
      `${TRUE}mail ann@example.com\n82`,
    );
  });

  it("is recorded with all that is written, but for what is masked", async () => {
    const { events } = world.gateway;
    const from = events.length;
    for (const command of [
      "create deployment web --image=nginx:1.29 --replicas=0",
      "create role reader --verb=get,list --resource=pods",
      "create secret docker-registry pull --docker-server=r.example --docker-username=u --docker-password=the-true-value-4411",
      "run job --image=busybox --env=PASSWORD=the-true-value-4411 --env=MODE=fast",
    ])
      expect(await world.kubectl([...command.split(" "), "-n", "shop"])).toMatchObject({ code: 0 });
    const recorded = events
      .slice(from)
      .map((event) => JSON.stringify(event).replaceAll(/\\n *|\\"/g, ""))
      .join("\n");
    for (const text of [
      "image: nginx:1.29",
      "replicas: 0",
      "verbs: [get,list]",
      "name: MODE,value: fast",
      "kind: Secret",
    ])
      expect(recorded).toContain(text);
    expect(recorded).not.toMatch(/the-true-value|dGhlLXRydWUtdmFsdW|R0aGUtdHJ1ZS12YWx1|aGUtdHJ1ZS12YWx1ZS/);
  });

  it("compares with what is there, without seeing it", async () => {
    const same = await world.kubectl(["diff", "-f", "-"], {
      input: manifest("db", { password: TRUE, user: "shop" }, { app: "web" }),
    });
    expect(same).toMatchObject({ code: 0, stdout: "" });
    const other = await world.kubectl(["diff", "-f", "-"], {
      input: manifest("db", { password: "other-6633", user: "shop" }, { app: "new" }),
    });
    expect(other.code).toBe(1);
    expect(other.stdout).toContain("app: new");
    expect(other.stdout).not.toMatch(/the-true|other-6633/);
  });
});
