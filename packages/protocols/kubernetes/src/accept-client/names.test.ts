import { describe, expect, test } from "vitest";
import { parseBearer } from "./bearer.ts";
import { chooseResource } from "./choose-resource.ts";

describe("parseBearer", () => {
  test.each([
    ["Bearer ana~s3cret", { principal: "ana", level: undefined, secret: "s3cret" }],
    ["bearer  ana/write~s3cret", { principal: "ana", level: "write", secret: "s3cret" }],
    ["Bearer coder+ana/read~a.b-c_d", { principal: "coder+ana", level: "read", secret: "a.b-c_d" }],
  ])("%s", (header, expected) => {
    expect(parseBearer(header)).toEqual(expected);
  });

  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer ana",
    "Bearer ~secret",
    "Bearer ana~",
    "Bearer ana/root~secret",
    "Bearer Ana~secret",
    "Bearer ana~secret extra",
    "Basic YW5hOnNlY3JldA==",
    `Bearer ana~${"x".repeat(600)}`,
  ])("is none: %s", (header) => {
    expect(parseBearer(header)).toBeUndefined();
  });
});

describe("chooseResource", () => {
  test.each([
    ["prod.kube.tidewaiter.internal", "/api", { resource: "prod", path: "/api" }],
    ["PROD.kube.tidewaiter.internal", "/kube/other/api", { resource: "prod", path: "/kube/other/api" }],
    ["gw.example", "/kube/prod/api/v1", { resource: "prod", path: "/api/v1" }],
    [undefined, "/kube/prod", { resource: "prod", path: "/" }],
  ])("%s %s", (name, path, expected) => {
    expect(chooseResource(name, path)).toEqual(expected);
  });

  test.each([
    [undefined, "/api"],
    ["gw.example", "/kube/"],
    ["gw.example", "/kube/a%2fb/api"],
    ["kube.tidewaiter.internal", "/api"],
    [".kube.tidewaiter.internal", "/api"],
  ])("names none: %s %s", (name, path) => {
    expect(chooseResource(name, path)).toBeUndefined();
  });
});
