import { Readable } from "node:stream";
import type { KubeOperation, Outcome } from "@tidewaiter/core";
import { describe, expect, test } from "vitest";
import { readRequest } from "../request/read-request.ts";
import type { KubeContext } from "./context.ts";
import { withLabels } from "./object-labels.ts";

const SHOWN = "tier";

/** Judges by the label `rule` and shows Secrets that are labelled so; the cluster's answer is a double of one object. */
function contextOf(stored: Readonly<Record<string, string>>): KubeContext {
  const answer = Object.assign(Readable.from([JSON.stringify({ metadata: { labels: stored } })]), {
    statusCode: 200,
    headers: {},
  });
  const evaluate = ({ labels }: KubeOperation) => ({
    outcome: (labels?.rule ?? "allow") as Outcome,
    masks: { "kube.secret": labels?.[SHOWN] === "open" ? "show" : { transform: "constant" } },
  });
  return {
    session: { objectRules: () => ({ hide: false, mask: true, askLabels: true }), evaluate },
    target: { request: async () => answer },
    signal: new AbortController().signal,
  } as unknown as KubeContext;
}

async function judged(stored: Readonly<Record<string, string>>, written: Readonly<Record<string, string>>) {
  const read = readRequest("PATCH", "/api/v1/namespaces/prod/secrets/db", "");
  if (!read.ok) throw new Error(read.status.message);
  return withLabels(read.operation, written, contextOf(stored), new AbortController().signal);
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

  test.each(["allow", "review"])("is not labelled into one that is shown, whoever approves: %s", async (rule) => {
    expect((await judged({ rule }, { [SHOWN]: "open" })).launders?.labels).toEqual(["kube.secret"]);
  });
});
