import type { KubeOperation } from "@tidewaiter/core";
import { describe, expect, test } from "vitest";
import { readJsonTree } from "../json/json-tree.ts";
import { readJsonPatch } from "./json-patch.ts";
import { readRequest } from "./read-request.ts";
import { relabellingOf } from "./relabelling.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

function of(method: string, path: string, body: unknown, type = "application/json") {
  const read = readRequest(method, `/api/v1/namespaces/prod${path}`, "");
  if (!read.ok) throw new Error(read.status.message);
  const operation: KubeOperation = read.operation;
  const tree = readJsonTree(Buffer.from(JSON.stringify(body)));
  return relabellingOf(tree, { type, patch: type === JSON_PATCH ? readJsonPatch(tree) : undefined, operation });
}

const patched = (body: unknown, type: string) => of("PATCH", "/pods/web", body, type);
const labelled = { metadata: { labels: { tier: "db" } } };

describe("labels that are written", () => {
  test.each(["status", "approval", "finalize", "resize", "ephemeralcontainers", "whatever"])(
    "by the subresource %s as by the object itself",
    (subresource) => {
      const path = `/pods/web/${subresource}`;
      expect(of("PUT", path, labelled)).toEqual({ labels: { tier: "db" }, unlabels: "others" });
      expect(of("PATCH", path, labelled, MERGE)).toEqual({ labels: { tier: "db" } });
    },
  );

  test("by a binding of a pod, which adds them to it", () => {
    expect(of("POST", "/pods/web/binding", labelled)).toEqual({ labels: { tier: "db" } });
    expect(of("POST", "/bindings", labelled)).toEqual({ labels: { tier: "db" } });
  });

  test("by no scale, eviction or token: these are objects of their own", () => {
    expect(of("PUT", "/pods/web/scale", labelled)).toEqual({});
    expect(of("PATCH", "/pods/web/scale", labelled, MERGE)).toEqual({});
    expect(of("POST", "/pods/web/eviction", labelled)).toEqual({});
    expect(of("POST", "/serviceaccounts/web/token", labelled)).toEqual({});
  });
});

describe("labels that go", () => {
  test.each([
    [
      "one of a merge",
      { metadata: { labels: { a: "b", old: null } } },
      MERGE,
      { labels: { a: "b" }, unlabels: ["old"] },
    ],
    ["all of a merge", { metadata: { labels: null } }, MERGE, { labels: {}, unlabels: "others" }],
    ["none", { spec: {} }, MERGE, {}],
    [
      "all that a strategic patch replaces",
      { metadata: { labels: { $patch: "replace", a: "b" } } },
      STRATEGIC,
      { labels: { $patch: "replace", a: "b" }, unlabels: "others" },
    ],
    ["all with what they are in", { metadata: { $patch: "replace" } }, STRATEGIC, { labels: {}, unlabels: "others" }],
    [
      "what an apply does not say again",
      { metadata: { labels: { a: "b" } } },
      APPLY,
      { labels: { a: "b" }, unlabels: "applied" },
    ],
  ])("%s", (_, body, type, expected) => {
    expect(patched(body, type)).toEqual(expected);
  });

  test("by steps of a JSON patch, of which the last word counts", () => {
    const steps = (...all: object[]) => patched(all, JSON_PATCH);
    const add = (key: string, value: unknown = "1") => ({ op: "add", path: `/metadata/labels/${key}`, value });
    const remove = (key: string) => ({ op: "remove", path: `/metadata/labels/${key}` });
    expect(steps(add("a"), remove("a"))).toEqual({ unlabels: ["a"] });
    expect(steps(remove("a"), add("a"))).toEqual({ labels: { a: "1" } });
    expect(steps({ op: "remove", path: "/metadata/labels" }, add("b"))).toEqual({
      labels: { b: "1" },
      unlabels: "others",
    });
    expect(steps({ op: "add", path: "/metadata/labels", value: { c: "2" } })).toEqual({
      labels: { c: "2" },
      unlabels: "others",
    });
    expect(steps({ op: "move", from: "/metadata/labels/a", path: "/metadata/annotations/a" })).toEqual({
      unlabels: ["a"],
    });
    expect(steps({ op: "move", from: "/metadata/labels", path: "/spec/x" })).toEqual({ relabels: true });
    expect(steps({ op: "copy", from: "/metadata/labels/a", path: "/metadata/labels/b" })).toEqual({ relabels: true });
  });
});
