import type { KubeOperation } from "@tidewaiter/core";
import { describe, expect, test } from "vitest";
import { readRequest } from "./read-request.ts";

type Attributes = Partial<KubeOperation>;

function attributes(method: string, url: string): Attributes {
  const [path = "", query = ""] = url.split("?");
  const read = readRequest(method, path, query);
  if (!read.ok) throw new Error(read.status.message);
  const { verb, group, version, resource, subresource, namespace, name } = read.operation;
  const all = { verb, group, version, resource, subresource, namespace, name };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** As the API server's own tests of requestinfo.go have it, where they speak of paths that it still serves. */
const READ: readonly (readonly [string, string, Attributes])[] = [
  ["GET", "/api/v1/namespaces", { verb: "list", version: "v1", resource: "namespaces" }],
  [
    "GET",
    "/api/v1/namespaces/other",
    { verb: "get", version: "v1", resource: "namespaces", namespace: "other", name: "other" },
  ],
  [
    "PUT",
    "/api/v1/namespaces/other/finalize",
    {
      verb: "update",
      version: "v1",
      resource: "namespaces",
      subresource: "finalize",
      namespace: "other",
      name: "other",
    },
  ],
  [
    "PATCH",
    "/api/v1/namespaces/other/status",
    { verb: "patch", version: "v1", resource: "namespaces", subresource: "status", namespace: "other", name: "other" },
  ],
  ["GET", "/api/v1/namespaces/other/pods", { verb: "list", version: "v1", resource: "pods", namespace: "other" }],
  [
    "GET",
    "/api/v1/namespaces/other/pods/foo",
    { verb: "get", version: "v1", resource: "pods", namespace: "other", name: "foo" },
  ],
  [
    "HEAD",
    "/api/v1/namespaces/other/pods/foo",
    { verb: "get", version: "v1", resource: "pods", namespace: "other", name: "foo" },
  ],
  ["GET", "/api/v1/pods", { verb: "list", version: "v1", resource: "pods" }],
  ["HEAD", "/api/v1/pods", { verb: "list", version: "v1", resource: "pods" }],
  [
    "GET",
    "/api/v1/namespaces/other/pods?watch=true",
    { verb: "watch", version: "v1", resource: "pods", namespace: "other" },
  ],
  ["GET", "/api/v1/pods?watch=1", { verb: "watch", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?watch", { verb: "watch", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?watch=yes", { verb: "watch", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?%77atch=1", { verb: "watch", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?watch=FALSE", { verb: "list", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?watch=0", { verb: "list", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/pods?watch=false&watch=true", { verb: "list", version: "v1", resource: "pods" }],
  ["GET", "/api/v1/watch/pods", { verb: "watch", version: "v1", resource: "pods" }],
  [
    "GET",
    "/api/v1/watch/namespaces/other/pods",
    { verb: "watch", version: "v1", resource: "pods", namespace: "other" },
  ],
  [
    "GET",
    "/api/v1/namespaces/other/pods?fieldSelector=metadata.name%3Dfoo",
    { verb: "list", version: "v1", resource: "pods", namespace: "other", name: "foo" },
  ],
  ["GET", "/api/v1/pods?fieldSelector=metadata.name!=foo", { verb: "list", version: "v1", resource: "pods" }],
  ["POST", "/api/v1/pods", { verb: "create", version: "v1", resource: "pods" }],
  [
    "DELETE",
    "/api/v1/namespaces/other/pods",
    { verb: "deletecollection", version: "v1", resource: "pods", namespace: "other" },
  ],
  [
    "DELETE",
    "/api/v1/namespaces/other/pods/foo",
    { verb: "delete", version: "v1", resource: "pods", namespace: "other", name: "foo" },
  ],
  [
    "PUT",
    "/apis/apps/v1/namespaces/other/deployments/web/scale",
    {
      verb: "update",
      group: "apps",
      version: "v1",
      resource: "deployments",
      subresource: "scale",
      namespace: "other",
      name: "web",
    },
  ],
  [
    "GET",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
    { verb: "get", group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterroles", name: "x" },
  ],
  [
    "GET",
    "/api/v1/namespaces/other/services/https:web:443/proxy/a/b",
    {
      verb: "get",
      version: "v1",
      resource: "services",
      subresource: "proxy",
      namespace: "other",
      name: "https:web:443",
    },
  ],
  [
    "POST",
    "/api/v1/namespaces/other/pods/foo/eviction",
    { verb: "create", version: "v1", resource: "pods", subresource: "eviction", namespace: "other", name: "foo" },
  ],
  ["GET", "/api/v1/namespaces/other/pods/", { verb: "list", version: "v1", resource: "pods", namespace: "other" }],
  ["GET", "/api", { verb: "get" }],
  ["GET", "/api/v1", { verb: "get" }],
  ["GET", "/apis/apps/v1", { verb: "get" }],
  ["GET", "/version", { verb: "get" }],
  ["GET", "/openapi/v3/apis/apps/v1", { verb: "get" }],
  ["GET", "/", { verb: "get" }],
];

describe("readRequest", () => {
  test.each(READ)("%s %s", (method, url, expected) => {
    expect(attributes(method, url)).toEqual(expected);
  });

  test.each([
    "/api/v1/namespaces/a%2Fb/secrets",
    "/api/v1/namespaces/other/../kube-system/secrets",
    "/api/v1/namespaces/other/%2e%2e/kube-system/secrets",
    "/api/v1/namespaces//secrets",
    "//api/v1/secrets",
    "/api/v1/secrets%00",
    "/api/v1/secrets%5cx",
    "/api/v1/%zz",
    "api/v1/pods",
    "https://elsewhere/api/v1/pods",
    "*",
  ])("refuses %s, which a server may read in another way", (path) => {
    const read = readRequest("GET", path, "");
    expect(read.ok === false && read.status.code).toBe(400);
  });

  test.each(["CONNECT", "TRACE", "PROPFIND", "get", ""])("refuses the method %j", (method) => {
    const read = readRequest(method, "/api/v1/pods", "");
    expect(read.ok === false && read.status.code).toBe(405);
  });

  test.each(["GET", "POST"])("exec by %s is the creation of a stream, with what it starts", (method) => {
    const query =
      "command=sh&command=-c&command=cat%20%2Fetc%2Fpasswd%20%7C%20rm%20-rf%20%2Fsrv&container=app&stdin=true";
    const read = readRequest(method, "/api/v1/namespaces/prod/pods/web-1/exec", query);
    if (!read.ok) throw new Error(read.status.message);
    expect(read.stream).toBe(true);
    const { verb, subresource, name, container, command, programs } = read.operation;
    expect({ verb, subresource, name, container }).toEqual({
      verb: "create",
      subresource: "exec",
      name: "web-1",
      container: "app",
    });
    expect(command).toEqual(["sh", "-c", "cat /etc/passwd | rm -rf /srv"]);
    expect(programs).toEqual(["sh", "cat", "rm"]);
  });

  test("what a shell will be given, and what cannot be read, is unknown", () => {
    const programs = (query: string) => {
      const read = readRequest("POST", "/api/v1/namespaces/a/pods/b/exec", query);
      return read.ok && read.operation.programs;
    };
    expect(programs("command=%2Fbin%2Fbash")).toBeUndefined();
    expect(programs("command=%2Fbin%2Fls&command=-l")).toEqual(["ls"]);
    expect(programs("command=sh&command=-c&command=%24X")).toBeUndefined();
    expect(programs("command=it%27s&command=a%20b")).toEqual(["it's"]);
  });

  test("exec of another group's pods is no stream of ours", () => {
    const read = readRequest("POST", "/apis/example.com/v1/namespaces/a/pods/b/exec", "command=sh");
    expect(read.ok && [read.stream, read.operation.verb]).toEqual([false, "create"]);
  });
});

describe("what is passed on", () => {
  const passed = (url: string): string => {
    const [path = "", query = ""] = url.split("?");
    const read = readRequest("GET", path, query);
    if (!read.ok) throw new Error(read.status.message);
    return read.query;
  };

  test.each([
    ["/api/v1/pods?watch=1;", "watch=true"],
    ["/api/v1/pods?watch=%zz&limit=5", "watch=true&limit=5"],
    ["/api/v1/pods?watch=fal%C5%BFe", "watch=true"],
    ["/api/v1/pods?watch=FALSE&watch=1", "watch=false"],
    ["/api/v1/pods?fieldSelector=a%3Db&dryRun=All;", "fieldSelector=a%3Db&dryRun=All%3B"],
  ])("of %s is read by everybody as %s", (url, query) => {
    expect(passed(url)).toBe(query);
  });

  test("to a service by the proxy, and beside resources, stays as it is", () => {
    expect(passed("/api/v1/namespaces/a/services/b/proxy/c?d;e=%zz")).toBe("d;e=%zz");
    expect(passed("/openapi/v3/api/v1?hash=%41")).toBe("hash=%41");
  });
});

test("a path is told as it is meant, and with bytes that servers read differently it is refused", () => {
  const read = readRequest("GET", "/logs/%61udit.log/", "");
  expect(read.ok && read.operation.path).toBe("/logs/audit.log/");
  for (const path of ["/api/v1/namespaces/\u00f6/pods", "/api/v1/namespaces/a b/pods", "/api/v1/proxy/nodes/a"])
    expect(readRequest("GET", path, "")).toMatchObject({ ok: false });
  expect(readRequest("DELETE", "/api/v1/watch/namespaces/a/pods/b", "")).toMatchObject({ ok: false });
});
