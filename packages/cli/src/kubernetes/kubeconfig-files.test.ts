import { existsSync } from "node:fs";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { expect, it } from "vitest";
import { fakeContext } from "../fake-context.test-data.ts";
import { changeKubeconfigs, kubeconfigPaths, readKubeconfigs } from "./kubeconfig-files.ts";
import { ourContexts, removeOurContexts, writeOurContext } from "./our-context.ts";

const CLUSTER = { server: "https://gw:6443" };
const wanted = { context: "prod", resource: "prod-cluster", level: undefined, ttl: undefined, profile: "ana" };
const { context } = fakeContext();

it("finds the files as kubectl does", () => {
  const paths = (variables: Record<string, string>, file?: string) =>
    kubeconfigPaths(fakeContext({ variables, cwd: "/w" }).context, file);
  expect(paths({})).toEqual(["/nowhere/.kube/config"]);
  expect(paths({ KUBECONFIG: ":/a::b:/a" })).toEqual(["/a", "/w/b"]);
  expect(paths({ KUBECONFIG: ":" })).toEqual(["/nowhere/.kube/config"]);
  expect(paths({ KUBECONFIG: "/a" }, "mine")).toEqual(["/w/mine"]);
});

it("writes new entries to the first file that exists, changed ones where they are, and reads them as one", async () => {
  await using dir = tempDir("kube");
  const [none, first, second] = ["none", "first", "second"].map((name) => join(dir.path, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(first, "apiVersion: v1\nkind: Config\n");
  await writeFile(
    second,
    "apiVersion: v1\nkind: Config\ncurrent-context: old\ncontexts:\n- context: {cluster: c, user: u}\n  name: old\n",
  );
  const paths = [none, first, second];
  const before = await readFile(second, "utf8");
  expect(await changeKubeconfigs(paths, (files) => writeOurContext(files, context, wanted, CLUSTER))).toBe(first);
  expect(existsSync(none)).toBe(false);
  expect(await readFile(second, "utf8")).toBe(before);
  await changeKubeconfigs(paths, (files) => files.setCurrentContext("prod"));
  expect(await readFile(second, "utf8")).toBe(before);
  const files = await readKubeconfigs(paths);
  expect([files.names("contexts"), files.currentContext]).toEqual([["prod", "old"], "prod"]);
  await changeKubeconfigs(paths, (all) => all.merge("contexts", "old", { namespace: "shop" }));
  expect(await readFile(second, "utf8")).toBe(before.replace("user: u}", "user: u, namespace: shop}"));
  await changeKubeconfigs(paths, (all) => all.setCurrentContext(undefined));
  expect((await readKubeconfigs(paths)).currentContext).toBe("old");
});

it("makes the last of files that are not there, private, and its folder", async () => {
  await using dir = tempDir("kube");
  const [first, last] = [join(dir.path, "a"), join(dir.path, "b", "config")];
  await changeKubeconfigs([first, last], (files) => writeOurContext(files, context, wanted, CLUSTER));
  expect([existsSync(first), ((await stat(last)).mode & 0o777).toString(8)]).toEqual([false, "600"]);
  expect(existsSync(`${last}.lock`)).toBe(false);
});

it("loses nothing when several write at once, and follows a symbolic link", async () => {
  await using dir = tempDir("kube");
  await mkdir(join(dir.path, "dotfiles"));
  const [real, path] = [join(dir.path, "dotfiles", "kube"), join(dir.path, "config")];
  await writeFile(real, "");
  await symlink(real, path);
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
  const write = (name: string) =>
    changeKubeconfigs([path], (files) => writeOurContext(files, context, { ...wanted, context: name }, CLUSTER));
  await Promise.all(names.map(write));
  expect([...(await readKubeconfigs([real])).names("contexts")].sort()).toEqual([...names].sort());
});

it("gives way to whoever holds kubectl's lock, and changes nothing", async () => {
  await using dir = tempDir("kube");
  const path = join(dir.path, "config");
  await writeFile(path, "kind: Config\n");
  await writeFile(`${path}.lock`, "");
  const held = changeKubeconfigs([path], (files) => writeOurContext(files, context, wanted, CLUSTER), 200);
  await expect(held).rejects.toMatchObject({ exit: "conflict", why: `${path}.lock is there` });
  expect(existsSync(`${path}.lock`)).toBe(true);
  expect(await readFile(path, "utf8")).toBe("kind: Config\n");
});

it("is safe to run twice, keeps a chosen namespace, and takes no name of somebody else", async () => {
  await using dir = tempDir("kube");
  const path = join(dir.path, "config");
  const write = (more: object = {}) =>
    changeKubeconfigs([path], (files) => writeOurContext(files, context, { ...wanted, ...more }, CLUSTER));
  await write();
  const once = await readFile(path, "utf8");
  await write();
  expect(await readFile(path, "utf8")).toBe(once);
  await changeKubeconfigs([path], (files) => files.merge("contexts", "prod", { namespace: "shop" }));
  await write({ level: "write" });
  const files = await readKubeconfigs([path]);
  expect(files.get("contexts", "prod")).toEqual({
    cluster: "tidewaiter-prod",
    user: "tidewaiter-prod",
    namespace: "shop",
  });
  expect(ourContexts(files)).toEqual([{ context: "prod", resource: "prod-cluster", level: "write", profile: "ana" }]);
  await expect(write({ profile: "mia" })).rejects.toMatchObject({ exit: "conflict" });
  await changeKubeconfigs([path], (all) => all.set("contexts", "minikube", { cluster: "m", user: "m" }));
  await expect(write({ context: "minikube" })).rejects.toMatchObject({
    exit: "conflict",
    why: "it is not one of ours",
  });
});

it("takes its own out again, with every context that a person made of them", async () => {
  await using dir = tempDir("kube");
  const path = join(dir.path, "config");
  const foreign = "kind: Config\nusers:\n- name: u\n  user: {token: t}\ncontexts: []\nclusters: []\n";
  await writeFile(path, foreign);
  await changeKubeconfigs([path], (files) => {
    writeOurContext(files, context, wanted, CLUSTER);
    files.set("contexts", "dev", { cluster: "tidewaiter-prod", user: "tidewaiter-prod", namespace: "dev" });
    files.setCurrentContext("dev");
  });
  await changeKubeconfigs([path], (files) =>
    removeOurContexts(
      files,
      ourContexts(files).map((each) => each.context),
    ),
  );
  expect(await readFile(path, "utf8")).toBe(foreign);
});

it("names the program by its whole path and holds no secret", async () => {
  await using dir = tempDir("kube");
  const path = join(dir.path, "config");
  const variables = { TIDEWAITER_CONFIG_DIR: "/c", TIDEWAITER_API_KEY: "twk_secret", TIDEWAITER_SERVER: "https://gw" };
  const machine = fakeContext({ variables }).context;
  const byKey = { ...wanted, profile: undefined, level: "write", ttl: "1h" } as const;
  await changeKubeconfigs([path], (files) => writeOurContext(files, machine, byKey, CLUSTER));
  const files = await readKubeconfigs([path]);
  const { exec } = files.get("users", "tidewaiter-prod") as { exec: Record<string, unknown> & { args: string[] } };
  expect(exec).toMatchObject({
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    interactiveMode: "IfAvailable",
    env: [
      { name: "TIDEWAITER_CONFIG_DIR", value: "/c" },
      { name: "TIDEWAITER_SERVER", value: "https://gw" },
    ],
  });
  expect(exec.args.slice(1)).toEqual(["kube", "token", "prod-cluster", "--level", "write", "--ttl", "1h"]);
  expect(existsSync(exec.args[0] ?? "")).toBe(true);
  expect(await readFile(path, "utf8")).not.toContain("twk_");
});
