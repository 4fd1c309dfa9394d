import { describe, expect, it } from "vitest";
import { compilePolicy } from "./compile.ts";
import { policyOf } from "./fixtures.test-data.ts";
import { formatProblem } from "./problem.ts";

const HEAD = "version: 1\nrules:\n  - id: a\n    deny: x\n    tests:\n";
const at = (test: string) => `${HEAD}      - ${test}\n`;

/** First lines only; the excerpt is tested below. */
function problemsOf(test: string): readonly string[] {
  const result = compilePolicy([{ name: "p.yaml", source: at(test) }], 1);
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).split("\n")[0] ?? "");
}

describe("inline tests", () => {
  it.each([
    '{ sql: "delete from t", expect: denied }',
    '{ ssh: "rm -rf /srv", expect: denied }',
    "{ ssh: { channel: sftp, direction: download, path: /etc/passwd, bytes: 1000 }, expect: denied }",
    '{ ssh: { channel: sftp, command: "rm /srv/x" }, expect: denied }',
    "{ ssh: { channel: direct-tcpip, host: db, port: 5432 }, expect: denied }",
    "{ ssh: { channel: shell, user: root }, expect: denied }",
    '{ kube: "delete namespace/payments", expect: denied }',
    '{ kube: { verb: create, resource: pods, subresource: exec, namespace: prod, name: web-1, command: [sh, -c, "rm -rf /"] }, expect: review }',
    "{ kube: { verb: get, path: /version }, expect: allowed }",
  ])("take %s", (test) => {
    expect(problemsOf(test)).toEqual([]);
  });

  it.each<[string, string]>([
    ["{ expect: denied }", "test says nothing to be judged; write one of sql, ssh, kube"],
    ["{ sql: x, kube: get pods, expect: denied }", "test has both sql and kube; write one for each"],
    ["{ shh: x, expect: denied }", 'unknown key "shh"; did you mean "ssh"?'],
    [
      "{ ssh: { channel: sfpt }, expect: denied }",
      'channel must be one of shell, exec, typed, subsystem, sftp, scp, rsync, redirect, direct-tcpip, direct-streamlocal, tcpip-forward, streamlocal-forward, auth-agent, x11, not "sfpt"; did you mean "sftp"?',
    ],
    [
      "{ ssh: { channel: sftp, diretion: download, path: /x }, expect: denied }",
      'unknown key "diretion"; did you mean "direction"?',
    ],
    [
      "{ ssh: { channel: sftp, direction: download }, expect: denied }",
      'test "path" is missing: sftp needs direction and path',
    ],
    [
      "{ ssh: { channel: sftp, command: chwon /x }, expect: denied }",
      'test "chwon" is nothing that SFTP does; one of get, put, rm, rmdir, mkdir, rename, symlink, hardlink, setstat, extended',
    ],
    [
      "{ ssh: { channel: direct-tcpip, host: db, port: 5432, path: /x }, expect: denied }",
      "test path means nothing here; direct-tcpip takes host, port",
    ],
    ["{ ssh: { channel: direct-tcpip, host: db, port: 99999 }, expect: denied }", "port is larger than 65535"],
    ["{ ssh: 7, expect: denied }", "ssh has a form that is not understood: 7"],
    [
      '{ kube: "delete namespaec/payments", expect: denied }',
      'test there is no resource "namespaec"; did you mean "namespace"?',
    ],
    [
      '{ kube: "create pods/exec web-1", expect: denied }',
      'test a name stands behind "/", not the subresource "exec"; write "create pods web-1 --subresource exec"',
    ],
    [
      '{ kube: "apply deploy web", expect: denied }',
      'test "apply" is no verb of the API; the API is asked to patch, and create for what is not there yet',
    ],
    [
      "{ kube: { verb: delete, resource: pods }, expect: denied }",
      'test delete needs the name of one of the pods; all of them are "deletecollection"',
    ],
    ["{ kube: { verb: get, resuorce: pods }, expect: denied }", 'unknown key "resuorce"; did you mean "resource"?'],
    ["{ kube: { verb: create, resource: nodes, namespace: prod }, expect: denied }", "test nodes are in no namespace"],
  ])("refuse %s", (test, message) => {
    expect(problemsOf(test)).toEqual([expect.stringMatching(/^p\.yaml:6:\d+ {2}rule "a": /)]);
    expect(problemsOf(test)[0]).toContain(message);
  });

  it("point at the word of a request that is wrong", () => {
    const result = compilePolicy(
      [{ name: "p.yaml", source: at('{ kube: "delete pods web-1 --namespac prod", expect: denied }') }],
      1,
    );
    expect(result.ok ? "" : result.problems.map(formatProblem).join("\n")).toBe(
      [
        'p.yaml:6:17  rule "a": test unknown flag "--namespac"; did you mean "--namespace"?',
        '      6 |       - { kube: "delete pods web-1 --namespac prod", expect: denied }',
        "        |                                    ^^^^^^^^^^",
      ].join("\n"),
    );
  });

  it("have the lowest level that may do it at all, unless the rule or the test says another", () => {
    const levels = (match: string) =>
      policyOf(
        `version: 1\nrules:\n  - id: a\n    deny: x\n${match}    tests: [${[
          "{ sql: 'delete from t', expect: denied }",
          "{ kube: 'get pods', expect: denied }",
          "{ kube: 'create selfsubjectaccessreviews', expect: denied }",
          "{ kube: 'delete pods web-1', expect: denied }",
          "{ kube: 'delete pods web-1', level: read, expect: denied }",
        ].join(", ")}]\n`,
      ).rules[0]?.tests.map(({ level }) => level);
    expect(levels("")).toEqual(["read", "read", "read", "write", "read"]);
    expect(levels("    match: { levels: [admin] }\n")).toEqual(["admin", "admin", "admin", "admin", "read"]);
  });
});
