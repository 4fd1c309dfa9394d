import { Readable } from "node:stream";
import type { KubeOperation, Outcome } from "@tidewaiter/core";
import { describe, expect, test } from "vitest";
import { readRequest } from "../request/read-request.ts";
import type { Relabelling } from "../request/relabelling.ts";
import type { KubeContext } from "./context.ts";
import { withLabels } from "./object-labels.ts";

const SHOWN = "tier";

/** Judges by the label `rule` and shows Secrets that are labelled so; the cluster's answer is a double of one object. */
function contextOf(stored: Readonly<Record<string, string>>, applied: readonly string[] = []): KubeContext {
  const fields = Object.fromEntries(applied.map((key) => [`f:${key}`, {}]));
  const managedFields = [{ operation: "Apply", fieldsV1: { "f:metadata": { "f:labels": fields } } }];
  const answer = Object.assign(Readable.from([JSON.stringify({ metadata: { labels: stored, managedFields } })]), {
    statusCode: 200,
    headers: {},
  });
  const evaluate = ({ labels }: KubeOperation) => ({
    outcome: (labels?.rule ?? "allow") as Outcome,
    masks: { "kube.secret": labels?.[SHOWN] === "open" ? "show" : { transform: "constant" } },
  });
  return {
    session: { objectRules: () => ({ mask: true, askLabels: true }), evaluate },
    target: { request: async () => answer },
    signal: new AbortController().signal,
  } as unknown as KubeContext;
}

const judged = (stored: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) =>
  judgedAs(contextOf(stored), { labels });

async function judgedAs(context: KubeContext, change: Relabelling) {
  const read = readRequest("PATCH", "/api/v1/namespaces/prod/secrets/db", "");
  if (!read.ok) throw new Error(read.status.message);
  return (await withLabels(read.operation, change, context, new AbortController().signal)).operation;
}

describe("an object that is relabelled", () => {
  test.each([
    ["allow", "deny"],
    ["review", "deny"],
    ["allow", "review"],
  ])("is judged by what is written where that is severer: %s, then %s", async (stored, written) => {
    expect((await judged({ rule: stored }, { rule: written })).labels?.rule).toBe(written);
  });

  test.each([
    ["deny", "allow"],
    ["deny", "review"],
    ["review", "allow"],
  ])("is judged by what is stored where that is severer: %s, then %s", async (stored, written) => {
    expect((await judged({ rule: stored }, { rule: written })).labels?.rule).toBe(stored);
  });

  test("is judged without what goes as well", async () => {
    const rest = (change: Relabelling, applied?: readonly string[]) =>
      judgedAs(contextOf({ a: "1", b: "2" }, applied), change).then(({ labels }) => labels);
    expect(await rest({ unlabels: ["a"] })).toEqual({ b: "2" });
    expect(await rest({ labels: { c: "3" }, unlabels: "others" })).toEqual({ c: "3" });
    expect(await rest({ labels: { c: "3" }, unlabels: "applied" }, ["b"])).toEqual({ a: "1", c: "3" });
    expect(await rest({ labels: { c: "3" }, unlabels: "applied" })).toEqual({ a: "1", b: "2", c: "3" });
  });

  test("is not shown by labels that nobody read", async () => {
    expect(await judgedAs(contextOf({}), { relabels: true })).toMatchObject({ labels: undefined, launders: {} });
  });

  test.each(["allow", "review"])("is not labelled into one that is shown, whoever approves: %s", async (rule) => {
    expect((await judged({ rule }, { [SHOWN]: "open" })).launders?.labels).toEqual(["kube.secret"]);
  });
});
