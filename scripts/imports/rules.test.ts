import { describe, expect, it } from "vitest";
import { findCycles } from "./cycle.ts";
import { house } from "./house.ts";
import type { PackageSource } from "./package-source.ts";
import { readModule } from "./read-module.ts";
import { checkImports } from "./rules.ts";

function pack(
  name: string,
  files: Record<string, string>,
  dependencies: string[] = [],
  devDependencies: string[] = [],
) {
  const modules = new Map(Object.entries(files).map(([path, source]) => [path, readModule(path, source)]));
  return { name, folder: `packages/${name}`, dependencies, devDependencies, modules } satisfies PackageSource;
}

const found = (...packages: PackageSource[]) => checkImports(packages).map(({ where, what }) => `${where}: ${what}`);

describe("direction", () => {
  it("has a table without circles", () => {
    expect(findCycles(new Map(Object.entries(house)))).toEqual([]);
  });

  it("lets a package import what stands below it", () => {
    const source = 'import { Verdict } from "@tidewaiter/core";\nexport * from "@tidewaiter/toolkit/bytes/reader";';
    expect(found(pack("postgres", { "src/a.ts": source }, ["@tidewaiter/core", "@tidewaiter/toolkit"]))).toEqual([]);
  });

  it.each([
    ["a value", 'import { x } from "@tidewaiter/gateway";'],
    ["a type", 'import type { X } from "@tidewaiter/gateway/session";'],
    ["a re-export", 'export { x } from "@tidewaiter/gateway";'],
    ["a late import", 'const x = await import("@tidewaiter/gateway");'],
  ])("refuses %s from above", (_, source) => {
    expect(found(pack("agent", { "src/a.ts": `\n${source}` }, [], ["@tidewaiter/gateway"]))).toContain(
      "packages/agent/src/a.ts:2: agent must not import gateway",
    );
  });

  it("refuses a dependency from above even before it is used", () => {
    expect(found(pack("core", {}, ["@tidewaiter/postgres"]))).toEqual([
      "packages/core/package.json: core must not depend on @tidewaiter/postgres",
    ]);
  });

  it("refuses a relative way out of the package", () => {
    expect(found(pack("agent", { "src/deep/a.ts": 'import "../../../core/src/x.ts";' }))).toHaveLength(1);
    expect(found(pack("agent", { "src/deep/a.ts": 'import "../x.ts";' }))).toEqual([]);
  });

  it("refuses a package that is not in the table", () => {
    expect(found(pack("helpers", {}))).toEqual(["packages/helpers: is not in the table of scripts/imports/house.ts"]);
  });
});

describe("what tests may do", () => {
  const source = 'import { it } from "vitest"; import { startPostgres } from "@tidewaiter/testkit"; process.env.X;';
  const dev = ["vitest", "@tidewaiter/testkit"];

  it("lets tests import the testkit and read the environment", () => {
    expect(found(pack("gateway", { "test/a.test.ts": source, "src/a.test.ts": source }, [], dev))).toEqual([]);
  });

  it("keeps the testkit out of production", () => {
    expect(found(pack("gateway", { "src/a.ts": 'import "@tidewaiter/testkit";' }, ["@tidewaiter/testkit"]))).toContain(
      "packages/gateway/src/a.ts:1: @tidewaiter/testkit is for tests only",
    );
  });
});

describe("purity", () => {
  it.each(['import "node:fs";', 'import "fs";', 'import type { Buffer } from "node:buffer";', "Buffer.from([]);"])(
    "keeps Node out of core: %s",
    (source) => {
      expect(found(pack("core", { "src/a.ts": source }))).toHaveLength(1);
      expect(found(pack("core", { "src/a.test.ts": source }))).toEqual([]);
    },
  );

  it.each([
    "process.env.X;",
    "process['env'];",
    "process.exit(1);",
    "const { env } = process;",
    'import { env } from "node:process";',
  ])("leaves the environment to main.ts and bin/: %s", (source) => {
    expect(found(pack("agent", { "src/a.ts": source }))).toHaveLength(1);
    expect(found(pack("agent", { "src/main.ts": source, "bin/a.js": source, "src/x/generate.ts": source }))).toEqual(
      [],
    );
  });

  it("does not mind other uses of process", () => {
    expect(found(pack("agent", { "src/a.ts": "process.memoryUsage(); other.env.X;" }))).toEqual([]);
  });
});

describe("declared dependencies", () => {
  it("wants every import in package.json, and run-time imports not in devDependencies", () => {
    const undeclared = ["packages/agent/src/a.ts:1: ws is not declared in packages/agent/package.json"];
    expect(found(pack("agent", { "src/a.ts": 'import { WebSocket } from "ws";' }, ["ws"]))).toEqual([]);
    expect(found(pack("agent", { "src/a.ts": 'import { WebSocket } from "ws/deep";' }))).toEqual(undeclared);
    expect(found(pack("agent", { "src/a.ts": 'import { type A, b } from "ws";' }, [], ["ws"]))).toEqual(undeclared);
    expect(found(pack("agent", { "src/a.ts": 'import type { A } from "ws";' }, [], ["ws"]))).toEqual([]);
  });
});

describe("circles", () => {
  it("finds modules that load each other", () => {
    const circle = { "src/a.ts": 'import "./deep/b.ts";', "src/deep/b.ts": 'export * from "../a.ts";' };
    expect(found(pack("agent", circle))).toEqual([
      "packages/agent: modules import each other in a circle: src/a.ts -> src/deep/b.ts -> src/a.ts",
    ]);
  });

  it("finds every circle, not only the first", () => {
    const one = { "src/a.ts": 'import "./b/b.ts";', "src/b/b.ts": 'import "../a.ts"; import "../c/c.ts";' };
    expect(found(pack("agent", { ...one, "src/c/c.ts": 'import "../b/b.ts";' }))).toHaveLength(2);
  });

  it("lets the files of one folder call each other", () => {
    const grammar = { "src/sql/a.ts": 'import "./b.ts";', "src/sql/b.ts": 'import "./a.ts";' };
    expect(found(pack("agent", grammar))).toEqual([]);
  });

  it("lets types refer to each other", () => {
    const types = { "src/a.ts": 'import { b } from "./b.ts";', "src/b.ts": 'import type { A } from "./a.ts";' };
    expect(found(pack("agent", types))).toEqual([]);
  });

  it("finds packages that depend on each other", () => {
    const tunnel = pack("tunnel", { "src/a.ts": 'import "@tidewaiter/agent";' });
    const agent = pack("agent", {}, ["@tidewaiter/tunnel"]);
    expect(found(tunnel, agent)).toContain(
      "packages: packages depend on each other in a circle: tunnel -> agent -> tunnel",
    );
  });
});
