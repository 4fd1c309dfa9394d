import { describe, expect, it } from "vitest";
import { encodeNotice } from "../../encode-backend.ts";
import type { ErrorFields } from "../../messages.ts";
import { treeIn } from "./trees.ts";

const TREE: ErrorFields = {
  severityLocalized: "LOG",
  severity: "LOG",
  code: "00000",
  message: "rewritten parse tree:",
  detail: "({QUERY :commandType 1 :querySource 0 :canSetTag true :utilityStmt <> :rtable <> :targetList <>})",
  file: "print.c",
  line: "85",
  routine: "elog_node_display",
};

const read = (fields: ErrorFields, utf8 = true) => {
  const buffer = encodeNotice(fields);
  return treeIn({ kind: "message", type: 0x4e, buffer, start: 0, end: buffer.length }, utf8);
};

describe("a query tree in a notice", () => {
  it("is told by severity, file and routine, in any language of the server", () => {
    expect(read(TREE)).toMatchObject({ command: "select", opaque: [] });
    expect(read({ ...TREE, severityLocalized: "PROTOKOLL", message: "umgeschriebener Parsebaum:" })).toBeDefined();
  });

  it.each([
    ["another severity", { severity: "NOTICE" }],
    ["another file", { file: "pl_exec.c" }],
    ["another routine", { routine: "exec_stmt_raise" }],
  ])("is not a notice with %s", (_, other) => expect(read({ ...TREE, ...other })).toBeUndefined());

  it("says nothing in an encoding where a letter may hold a brace", () =>
    expect(read(TREE, false)).toMatchObject({ command: "unknown" }));

  it.each([
    ["that ends too early", "({QUERY :commandType 1"],
    ["that is no tree", "nothing of the kind"],
    ["that is empty", ""],
  ])("%s counts as one that may hold anything", (_, detail) => {
    const tree = read({ ...TREE, detail });
    expect(tree?.command).toBe("unknown");
    expect(tree?.opaque).toHaveLength(1);
  });
});
