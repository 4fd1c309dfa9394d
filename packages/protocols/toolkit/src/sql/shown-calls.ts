import { isTree, list, type Tree, text, unwrap } from "./tree.ts";

/** Clauses by which an output decides which rows come, how many or in what order. */
const DECIDING = ["groupClause", "distinctClause", "havingClause", "windowClause", "sortClause", "valuesLists"];

/**
 * Calls whose values are shown and decide nothing: each is a whole output of the statement, or an item of its FROM (what is
 * asked of such a row names its columns). Anything less plain is left out.
 */
export function shownCalls(statement: unknown): ReadonlySet<Tree> {
  const found = new Set<Tree>();
  const select = outermostSelect(statement);
  if (select === undefined) return found;
  for (const item of list(select.targetList)) {
    const [, target] = unwrap(item) ?? [];
    addCall(target?.val, found);
  }
  for (const item of list(select.fromClause)) {
    const [type, range] = unwrap(item) ?? [];
    if (type === "RangeFunction") for (const entry of list(range?.functions)) addCall(firstOf(entry), found);
  }
  return found;
}

function outermostSelect(statement: unknown): Tree | undefined {
  const [type, fields] = unwrap(statement) ?? [];
  if (type === "DeclareCursorStmt") return outermostSelect(fields?.query);
  if (type !== "SelectStmt" || fields === undefined) return undefined;
  if ((text(fields.op) ?? "SETOP_NONE") !== "SETOP_NONE") return undefined;
  return DECIDING.some((clause) => fields[clause] !== undefined) ? undefined : fields;
}

/** Each entry of a RangeFunction is a list: the call, and its column definitions. */
function firstOf(entry: unknown): unknown {
  if (Array.isArray(entry)) return entry[0];
  const [type, fields] = unwrap(entry) ?? [];
  return type === "List" ? list(fields?.items)[0] : undefined;
}

function addCall(node: unknown, into: Set<Tree>): void {
  const [type, fields] = unwrap(node) ?? [];
  if (type === "FuncCall" && isTree(fields)) into.add(fields);
}
