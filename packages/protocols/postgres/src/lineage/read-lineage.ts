import { expression } from "./expressions.ts";
import type { Lineage, OutputLineage } from "./lineage.ts";
import { LineageError } from "./lineage-error.ts";
import { isList, TreeNode, type TreeValue } from "./node-tree.ts";
import { parseTree } from "./parse-tree.ts";
import { COMMAND, query } from "./queries.ts";
import { type Column, newScope } from "./scope.ts";
import { computed, isOneColumn, opaque } from "./value.ts";
import { Walk } from "./walk.ts";

/**
 * Reads a query tree as PostgreSQL 15 to 18 print it: the detail of `LOG: rewritten parse tree:`
 * (`debug_print_rewritten` on, `debug_pretty_print` off), or `pg_rewrite.ev_action`. The tree is a list of queries,
 * because rules may turn one statement into several: the outputs are those of the query that sets the command tag.
 *
 * @throws LineageError when the tree is over a limit (`TREE_LIMITS`), cut off or not in the format. Then nothing is
 *   known about the statement, and the caller has to treat all of it as sensitive.
 */
export function readLineage(tree: Buffer): Lineage {
  try {
    return lineageOf(tree);
  } catch (error) {
    // Within the caps, yet the caller's stack was nearly full already.
    if (error instanceof RangeError) throw new LineageError("too-deep", { cause: error });
    throw error;
  }
}

function lineageOf(tree: Buffer): Lineage {
  const { value, hash } = parseTree(tree);
  const queries = queriesOf(value);
  const walk = new Walk();
  const results = queries.map((node) => resultOf(node, walk));
  const tagged = queries.findIndex((node) => node.is("canSetTag"));
  const own = queries[tagged];
  const utility = own?.node("utilityStmt")?.kind;
  return {
    hash,
    command: own === undefined ? "nothing" : commandOf(own),
    ...(utility === undefined ? {} : { utility }),
    outputs: merged(
      results[tagged] ?? [],
      results.filter((_, index) => index !== tagged),
    ).map((column) => output(column, walk)),
    relations: walk.relations(),
    predicates: walk.predicates(),
    writes: walk.writes,
    functions: [...walk.functions],
    operators: [...walk.operators],
    types: [...walk.types],
    opaque: [...walk.opaque],
  };
}

function queriesOf(value: TreeValue): readonly TreeNode[] {
  const nodes = isList(value) ? value : [value];
  return nodes.map((node) => {
    if (!(node instanceof TreeNode) || node.kind !== "QUERY") throw new LineageError("malformed");
    return node;
  });
}

function resultOf(node: TreeNode, walk: Walk): readonly Column[] {
  const columns = query(node, walk, undefined);
  const utility = node.node("utilityStmt");
  return utility === undefined ? columns : [...columns, ...embedded(utility, walk)];
}

/**
 * The analysed query of DECLARE CURSOR, CREATE TABLE AS, EXPLAIN, and the call of CALL. Everything else in a utility
 * statement is as the grammar left it and says nothing that is sure.
 */
function embedded(node: TreeValue, walk: Walk): readonly Column[] {
  walk.step();
  if (isList(node)) return node.flatMap((item) => embedded(item, walk));
  if (!(node instanceof TreeNode)) return [];
  if (node.kind === "QUERY") return resultOf(node, walk);
  const call = node.kind === "CALLSTMT" ? node.node("funcexpr") : undefined;
  if (call !== undefined) walk.record(expression(call, newScope(walk, node, undefined)), "expression");
  return [...node.fields.values()].flatMap((value) => embedded(value, walk));
}

const COMMANDS = new Map<number, Lineage["command"]>([
  [COMMAND.select, "select"],
  [COMMAND.update, "update"],
  [COMMAND.insert, "insert"],
  [COMMAND.delete, "delete"],
  [COMMAND.merge, "merge"],
  [COMMAND.utility, "utility"],
  [COMMAND.nothing, "nothing"],
]);

function commandOf(node: TreeNode): Lineage["command"] {
  // before MERGE came, in PostgreSQL 15, its number was that of utility statements
  if (node.node("utilityStmt") !== undefined) return "utility";
  return COMMANDS.get(node.number("commandType")) ?? "unknown";
}

/** A rule may add a query whose rows come back too: then nobody can tell which row is from where. */
function merged(own: readonly Column[], others: readonly (readonly Column[])[]): readonly Column[] {
  const more = others.filter((columns) => columns.length > 0);
  if (more.length === 0) return own;
  const all = [own, ...more];
  const width = Math.max(...all.map((columns) => columns.length));
  return Array.from({ length: width }, (_, index) => {
    const values = all.flatMap((columns) => columns[index]?.value ?? []);
    return { name: own[index]?.name ?? "", value: computed([...values, opaque("QUERY")]) };
  });
}

function output({ name, value }: Column, walk: Walk): OutputLineage {
  return {
    name,
    sources: walk.columns(value.sources),
    plain: isOneColumn(value),
    functions: walk.list(value.functions),
    opaque: walk.list(value.opaque),
  };
}
