import fc from "fast-check";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { Kubeconfig } from "./kubeconfig.ts";

/** As kubectl writes it, with what people add. */
const FOREIGN = `apiVersion: v1
clusters:
# ours since 2019
- cluster:
    certificate-authority-data: ${"QUJD".repeat(80)}
    server: https://10.0.0.1:6443
  name: old-cluster # do not touch
contexts:
- context:
    cluster: old-cluster
    namespace: "on"
    user: old-user
  name: old
current-context: old
kind: Config
preferences: {}
users:
- name: old-user
  user:
    token: 'abc: def'
    expires: 0o17
`;

it("leaves every byte of a file that is not changed, in both styles of lists and in JSON", () => {
  const indented = FOREIGN.replaceAll(/^(- | {2}(?=[a-z ]))/gm, "  $1");
  const json = '{ "apiVersion": "v1", "kind": "Config", "clusters": [], "users": null, "contexts": [] }\n';
  for (const text of [FOREIGN, json]) expect(Kubeconfig.parse(text, "f").toString()).toBe(text);
  expect(Kubeconfig.parse(indented, "f").toString().replaceAll(/\s+/g, " ")).toBe(indented.replaceAll(/\s+/g, " "));
});

it("leaves values in the form that they have, also those that YAML 1.1 and 1.2 take for different things", () => {
  const values = [
    "0777",
    "0o17",
    "1_000",
    "12e03",
    "0b11",
    "0x1F",
    "+5",
    ".5",
    "1.10",
    "1e400",
    "1:30:00",
    "yes",
    "~",
    "null",
  ];
  const text = `kind: Config\nclusters: ~\nusers: null\ncontexts:\nodd:\n${values.map((each, index) => `  v${index}: ${each}\n`).join("")}`;
  const kubeconfig = Kubeconfig.parse(text, "f");
  expect(kubeconfig.toString()).toBe(text);
  kubeconfig.set("users", "null", { token: "no" });
  expect(kubeconfig.toString()).toBe(text.replace("users: null", 'users:\n- user:\n    token: "no"\n  name: "null"'));
});

it("adds, changes and removes its own entries, and nothing else differs", () => {
  const kubeconfig = Kubeconfig.parse(FOREIGN, "f");
  kubeconfig.set("clusters", "tw", { server: "https://gw:6443" });
  kubeconfig.set("users", "tw", { exec: { args: ["kube", "on", "0x10"] } });
  kubeconfig.merge("contexts", "prod", { cluster: "tw", user: "tw" });
  const added = kubeconfig.toString();
  expect(added).toContain(
    '        args:\n        - kube\n        - "on"\n        - "0x10"\n'.replaceAll("        ", "      "),
  );
  const again = Kubeconfig.parse(added, "f");
  expect(again.get("users", "tw")).toEqual({ exec: { args: ["kube", "on", "0x10"] } });
  expect(added.split("\n").filter((line) => !FOREIGN.split("\n").includes(line)).length).toBe(12);
  for (const list of ["clusters", "users"] as const) again.remove(list, "tw");
  again.remove("contexts", "prod");
  expect(again.toString()).toBe(FOREIGN);
});

it("changes an entry at its place and keeps its other keys", () => {
  const kubeconfig = Kubeconfig.parse(FOREIGN, "f");
  kubeconfig.merge("contexts", "old", { user: "new-user" });
  expect(kubeconfig.toString()).toBe(FOREIGN.replace("    user: old-user", "    user: new-user"));
});

it("begins a file, and comes back to an empty one", () => {
  const kubeconfig = Kubeconfig.parse(undefined, "f");
  kubeconfig.set("clusters", "123", { server: "https://gw" });
  kubeconfig.currentContext = "yes";
  expect(kubeconfig.toString()).toBe(
    'apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: https://gw\n  name: "123"\ncontexts: []\nusers: []\ncurrent-context: "yes"\n',
  );
  kubeconfig.remove("clusters", "123");
  kubeconfig.currentContext = undefined;
  expect(kubeconfig.toString()).toBe("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n");
});

it("stays JSON where it was JSON", () => {
  const kubeconfig = Kubeconfig.parse('{"clusters": null, "contexts": [{"name": "a", "context": {"user": "u"}}]}', "f");
  kubeconfig.set("clusters", "tw", { server: "https://gw" });
  kubeconfig.merge("contexts", "a", { cluster: "tw" });
  expect(JSON.parse(kubeconfig.toString())).toEqual({
    clusters: [{ cluster: { server: "https://gw" }, name: "tw" }],
    contexts: [{ name: "a", context: { user: "u", cluster: "tw" } }],
  });
});

it.each(["a: [", "- a\n", "just text", "clusters: 4\n", "a: 1\na: 2\n"])(
  "refuses what is no kubeconfig: %j",
  (text) => {
    expect(() => Kubeconfig.parse(text, "/h/config")).toThrow(/\/h\/config is not a kubeconfig/);
  },
);

it("whatever else stands in the file means the same to kubectl, which reads YAML 1.1, before and after", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("yes", "0x1F", "1:30", "null", "a: b", "- x", "#", "'"),
  );
  const entry = fc.record({ name: text, user: fc.dictionary(text, text, { maxKeys: 4 }) });
  const style = fc.record({
    version: fc.constantFrom("1.1" as const, "1.2" as const),
    indentSeq: fc.boolean(),
    collectionStyle: fc.constantFrom("any" as const, "flow" as const),
  });
  const ours = { exec: { command: "yes", args: ["kube", "token", "012"] } };
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 5 }), style, (users, options) => {
      const foreign = users.filter(({ name }) => name !== "tidewaiter-x");
      const before = stringify({ kind: "Config", users: foreign }, options);
      const kubeconfig = Kubeconfig.parse(before, "f");
      kubeconfig.set("users", "tidewaiter-x", ours);
      const added = kubeconfig.toString();
      const meant = (yaml: string) => (parse(yaml, { version: "1.1" }) as { users: unknown[] }).users;
      expect(meant(added)).toEqual([...meant(before), { user: ours, name: "tidewaiter-x" }]);
      const again = Kubeconfig.parse(added, "f");
      again.remove("users", "tidewaiter-x");
      expect(meant(again.toString())).toEqual(meant(before));
    }),
    { numRuns: process.env.TIDEWAITER_LONG ? 5_000 : 300 },
  );
});
