import type { SourceSpan, SqlClass, SqlName, StatementFacts } from "@tidewaiter/core/sql-facts";
import { copyFacts } from "./copy-facts.ts";
import { type Inventory, takeInventory } from "./inventory.ts";
import type { Token } from "./lexer.ts";
import { redact } from "./redaction.ts";
import { explainFacts, settingFacts, transactionFacts } from "./session-facts.ts";
import { shownCalls } from "./shown-calls.ts";
import type { SourceMap } from "./source-map.ts";
import { severest } from "./statement-kinds.ts";
import { hasBody, statementKind } from "./statement-verb.ts";
import { outputFacts, type StatementWalk, walkStatement } from "./statement-walk.ts";
import { isTree, type Tree, text, unwrap } from "./tree.ts";
import { relationOf, Walk } from "./walk.ts";

export type StatementInput = {
  readonly sql: string;
  /** Tokens of this statement only. */
  readonly tokens: readonly Token[];
  readonly node: unknown;
  readonly map: SourceMap;
};

/** Facts about one statement of the parse tree. Throws RangeError (stack) or TooComplex. */
export function statementFacts(input: StatementInput): StatementFacts {
  const [type, value] = unwrap(input.node) ?? ["Unknown", {}];
  const inventory = takeInventory(input.node, shownCalls(input.node));
  const walk = new Walk((input.tokens.at(-1)?.end ?? 0) - (input.tokens[0]?.start ?? 0));
  const top = walkStatement(walk, input.node);
  catchUnvisited(walk, inventory);
  const kind = statementKind(type, value);
  const classes: readonly SqlClass[] = inventory.classes.size === 0 ? ["unknown"] : [...inventory.classes];
  const ordinals = new Set([...inventory.ordinals].map((byte) => input.map.toUtf16(byte)));
  const redaction = redact({ ...input, type, ordinals, params: inventory.params });
  const literals = new Map(redaction.literals.map(({ start }, index) => [start, index]));
  return {
    span: spanOf(input.tokens),
    kind,
    kinds: [...new Set([kind, ...inventory.kinds])],
    class: severest(classes),
    classes,
    opaque: inventory.opaque,
    ...(walk.where === undefined ? {} : { where: walk.where }),
    relations: [...walk.relations.values()],
    functions: [...inventory.functions.values()],
    operators: [...inventory.operators.values()],
    attributes: [...inventory.attributes],
    types: [...inventory.types.values()],
    columns: walk.uses((byte) => literals.get(input.map.toUtf16(byte))),
    ...topFacts(top),
    writes: walk.writes,
    ...typeFacts(type, value, input),
    hasBody: hasBody(type, value),
    params: inventory.params,
    ...redaction,
    dangerous: [...inventory.dangerous.values()],
  };
}

function spanOf(tokens: readonly Token[]): SourceSpan {
  return { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0 };
}

/** Fields that a rule of the scoped walk did not reach: counted as the stricter thing they may be. */
function catchUnvisited(walk: Walk, inventory: Inventory): void {
  for (const ref of inventory.columns) {
    if (walk.seen.has(ref)) continue;
    walk.record(bareColumn(ref), "expression");
  }
  for (const { node, field } of inventory.ranges) {
    if (walk.seen.has(node) || field === "lockedRels") continue;
    walk.relation(relationOf(node, WRITTEN_FIELDS.has(field) ? "write" : "read"));
  }
}

const WRITTEN_FIELDS: ReadonlySet<string> = new Set([
  "relation",
  "rel",
  "view",
  "newrel",
  "sequence",
  "typevar",
  "table",
]);

function bareColumn(ref: Tree): { name: string; qualifier: string | undefined } {
  const fields = Array.isArray(ref.fields) ? ref.fields : [];
  const names = fields.map((field: unknown) => {
    const found = unwrap(field);
    return found?.[0] === "String" ? (text(found[1].sval) ?? "") : "*";
  });
  return { name: names.at(-1) ?? "*", qualifier: names.at(-2) };
}

type TopFacts = Pick<StatementFacts, "outputs" | "returnsRows"> & { into?: SqlName; limit?: number };

function topFacts(top: StatementWalk): TopFacts {
  const { into, limit } = top;
  return {
    outputs: outputFacts(top.outputs),
    returnsRows: top.returnsRows,
    ...(into === undefined ? {} : { into }),
    ...(limit === undefined ? {} : { limit }),
  };
}

type TypeFacts = Partial<
  Pick<StatementFacts, "copy" | "set" | "prepared" | "preparedSql" | "cursor" | "transaction" | "explain" | "channel">
>;

/** Facts that only some statement types have. */
function typeFacts(type: string, value: Tree, input: StatementInput): TypeFacts {
  switch (type) {
    case "CopyStmt":
      return { copy: copyFacts(value, input.sql, input.tokens) };
    case "VariableSetStmt":
    case "VariableShowStmt":
    case "DiscardStmt": {
      const set = settingFacts(type, value);
      return set === undefined ? {} : { set };
    }
    case "PrepareStmt":
      return { prepared: text(value.name) ?? "", ...preparedSql(input) };
    case "ExecuteStmt":
      return { prepared: text(value.name) ?? "" };
    case "DeallocateStmt":
      return { prepared: value.isall === true ? "*" : (text(value.name) ?? "*") };
    case "DeclareCursorStmt":
    case "FetchStmt":
    case "ClosePortalStmt":
      return { cursor: text(value.portalname) ?? "*" };
    case "TransactionStmt": {
      const transaction = transactionFacts(value);
      return transaction === undefined ? {} : { transaction };
    }
    case "ExplainStmt":
      return { explain: explainFacts(value), ...explained(value, input) };
    case "ListenStmt":
    case "NotifyStmt":
      return { channel: text(value.conditionname) ?? "" };
    case "UnlistenStmt":
      return { channel: text(value.conditionname) ?? "*" };
    case "CreateTableAsStmt": {
      const inner = unwrap(value.query);
      return inner?.[0] === "ExecuteStmt" ? { prepared: text(inner[1].name) ?? "" } : {};
    }
    default:
      return {};
  }
}

/** EXPLAIN EXECUTE and EXPLAIN DECLARE name the statement or cursor inside. */
function explained(value: Tree, input: StatementInput): TypeFacts {
  const inner = unwrap(value.query);
  if (inner === undefined || !isTree(inner[1])) return {};
  const { prepared, cursor } = typeFacts(inner[0], inner[1], input);
  return { ...(prepared === undefined ? {} : { prepared }), ...(cursor === undefined ? {} : { cursor }) };
}

/** PREPARE name [(types)] AS statement. */
function preparedSql(input: StatementInput): { preparedSql?: string } {
  const { sql, tokens } = input;
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const part = sql.slice(token.start, token.end);
    if (part === "(") depth++;
    else if (part === ")") depth--;
    else if (depth === 0 && index > 1 && token.kind === "word" && part.toLowerCase() === "as") {
      const first = tokens[index + 1];
      return first === undefined ? {} : { preparedSql: sql.slice(first.start, tokens.at(-1)?.end) };
    }
  }
  return {};
}
