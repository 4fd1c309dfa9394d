import type {
  LabelPredicate,
  LabelUse,
  PredicateUse,
  SqlColumnUse,
  SqlName,
  SqlWrite,
  SqlWriteSource,
  StatementFacts,
  UnreadCode,
} from "@tidewaiter/core";
import { mergeUnread, mergeUses } from "@tidewaiter/core";
import { UNCLASSIFIED } from "@tidewaiter/core/labels/bindings";
import type { CalledAs, Catalog, CatalogColumn, CatalogRelation, DatabaseCode } from "./catalog.ts";
import { SYSTEM_LABELS } from "./catalog.ts";
import { codeUse, tellsNothing } from "./code-use.ts";

/**
 * From names in a statement to labels, by the catalog. Coarse on purpose: a name stands for every relation it may mean,
 * an unqualified column for that column of every relation in the statement. What is not known is `opaque`.
 */
export function resolveLabels(facts: StatementFacts, catalog: Catalog): LabelUse {
  const scope = new Scope(facts, catalog);
  const reads = new Set<string>();
  const writes = new Set<string>();
  const predicates = new Map<string, LabelPredicate>();
  for (const column of facts.columns) {
    for (const label of scope.labelsOf(column)) {
      reads.add(label);
      const use = predicateUse(column, label, scope);
      if (use !== undefined)
        addPredicate(predicates, { label, use, literals: column.literals ?? 0, values: column.values ?? [] });
    }
  }
  if (catalog.hasLabels && scope.opaque)
    for (const column of facts.columns)
      for (const label of scope.knows(column) ? [] : catalog.labels) {
        const use = predicateUse(column, label, scope);
        if (use !== undefined) addPredicate(predicates, { label, use, literals: column.literals ?? 0 });
      }
  for (const asked of scope.asked()) {
    reads.add(asked.label);
    addPredicate(predicates, asked);
  }
  for (const label of scope.ran.reads) reads.add(label);
  for (const label of scope.ran.writes) writes.add(label);
  for (const asked of scope.ran.predicates) addPredicate(predicates, asked);
  for (const write of facts.writes) for (const label of writtenLabels(write, scope)) writes.add(label);
  if (facts.copy?.direction === "to" && facts.copy.source === "table")
    for (const label of scope.allLabels()) reads.add(label);
  if (scope.statistics)
    for (const label of catalog.labels) addPredicate(predicates, { label, use: "expression", literals: 0 });
  return {
    reads: [...reads].sort(),
    writes: [...writes].sort(),
    predicates: [...predicates.values()],
    laundering: catalog.hasLabels && (scope.ran.laundering || launders(facts, scope)),
    opaque: catalog.hasLabels && scope.opaque,
    ...(catalog.hasLabels && scope.unread !== undefined && { unread: scope.unread }),
  };
}

/**
 * Labels a value without a known origin may carry: those of the columns it was made from, or `unknown` when that
 * cannot be told in a statement that touches labels. An empty list is a promise that it carries none.
 */
export function outputLabels(
  facts: StatementFacts,
  index: number,
  width: number,
  catalog: Catalog,
): readonly string[] | "unknown" {
  const scope = new Scope(facts, catalog);
  if (scope.opaque) return "unknown";
  const touched = scope.allLabels();
  if (touched.length === 0) return [];
  const output = facts.outputs.length === width && !facts.opaque ? facts.outputs[index] : undefined;
  if (output === undefined || output.columns === "unknown" || output.name === "*") return "unknown";
  const labels = new Set<string>();
  for (const name of output.columns) {
    if (name === "*") return "unknown";
    for (const label of scope.labelsOf({ name, use: "output" })) labels.add(label);
  }
  return [...labels].sort();
}

/** Every label of every relation the statement names; all labels of the database when it is opaque. */
export function touchedLabels(facts: StatementFacts, catalog: Catalog): readonly string[] {
  const scope = new Scope(facts, catalog);
  return scope.opaque ? catalog.labels : [...scope.allLabels()].sort();
}

/** They name code and run none of it. */
const DEFINITIONS: ReadonlySet<string> = new Set([
  "CREATE VIEW",
  "CREATE TABLE",
  "CREATE FUNCTION",
  "CREATE PROCEDURE",
  "CREATE POLICY",
  "CREATE RULE",
  "CREATE TRIGGER",
]);

/** Relations that a statement can see, by every name it uses for them. */
class Scope {
  readonly #relations: { readonly relation: CatalogRelation; readonly names: readonly string[] }[] = [];
  readonly #facts: StatementFacts;
  /** Something is touched that the catalog or the analyser does not know. */
  readonly opaque: boolean;
  /** What the code of the database that it runs does with labels. */
  readonly ran: LabelUse;
  /** The views that it reads run such code as well. */
  readonly unread: UnreadCode | undefined;
  /** Reads statistics or another server relation that holds copies of column values. */
  readonly statistics: boolean;

  constructor(facts: StatementFacts, catalog: Catalog) {
    this.#facts = facts;
    let opaque = facts.opaque || facts.class === "code";
    let statistics = false;
    for (const named of facts.relations) {
      const found = catalog.find(named.schema, named.name);
      if (found.length === 0 && named.access === "read" && !createdHere(facts, named.name)) opaque = true;
      const label = SYSTEM_LABELS[named.name]?.label;
      if (label === "system.statistics" || label === "system.data") statistics = true;
      for (const relation of found) {
        if (relation.opaque && named.access === "read") opaque = true;
        this.#relations.push({ relation, names: named.alias === undefined ? [named.name] : [named.alias, named.name] });
      }
    }
    this.ran = this.#run(catalog);
    // its values cannot be told apart from others of the statement
    if (!tellsNothing(this.ran)) opaque = true;
    this.unread = mergeUnread([this.ran.unread, ...this.#relations.map(({ relation }) => relation.unread)]);
    this.opaque = opaque;
    this.statistics = statistics && catalog.hasLabels;
  }

  #run(catalog: Catalog): LabelUse {
    const { functions, operators, types, attributes } = this.#facts;
    const code = (called: CalledAs, names: readonly SqlName[]): readonly DatabaseCode[] =>
      names.flatMap((name) => catalog.code(called, name));
    const rows = attributes.filter((name) => !this.#allHave(name)).map((name) => ({ name }));
    const shown = functions.filter((one) => one.shown === true);
    const deciding = [
      ...code(
        "function",
        functions.filter((one) => one.shown !== true),
      ),
      ...code("operator", operators),
      ...code("type", types),
      ...code("attribute", rows),
    ];
    const asked = codeUse(deciding, catalog, resolveLabels);
    // whatever it returns decides something
    const predicates = asked.reads
      .filter((label) => asked.unread?.labels.includes(label) !== true)
      .map((label) => ({ label, use: "expression" as const, literals: 0 }));
    const use = mergeUses([
      codeUse(code("function", shown), catalog, resolveLabels),
      { ...asked, predicates: [...asked.predicates, ...predicates] },
    ]);
    if (!DEFINITIONS.has(this.#facts.kind)) return use;
    const { unread: _, ...defined } = use;
    return { ...defined, predicates: [] };
  }

  /** Then a name behind a dot is a column, whatever stands before the dot. */
  #allHave(name: string): boolean {
    return (
      this.#relations.length > 0 &&
      this.#relations.every(({ relation }) => relation.columns.some((column) => column.name === name))
    );
  }

  /** Labels that a column reference may carry. A qualifier that is no relation here is an alias of a sub-select: any relation. */
  labelsOf(column: Pick<SqlColumnUse, "name" | "qualifier" | "use">): readonly string[] {
    const qualified = this.#relations.filter(
      (entry) => column.qualifier !== undefined && entry.names.includes(column.qualifier),
    );
    const candidates = qualified.length > 0 ? qualified : this.#relations;
    const labels = new Set<string>();
    for (const { relation } of candidates) {
      for (const found of matching(relation, column.name)) for (const label of found.labels) labels.add(label);
    }
    return [...labels];
  }

  labelsOfAll(names: readonly string[]): readonly string[] {
    return [...new Set(names.flatMap((name) => this.labelsOf({ name, use: "write-source" })))];
  }

  /** Every column that a bare name may mean. */
  columnsNamed(name: string): readonly CatalogColumn[] {
    return this.#relations.flatMap(({ relation }) => matching(relation, name));
  }

  allLabels(): readonly string[] {
    return this.labelsOf({ name: "*", use: "output" });
  }

  /** False: a column of something that cannot be looked into, such as the rows of a user's function. */
  knows({ name, qualifier }: Pick<SqlColumnUse, "name" | "qualifier">): boolean {
    return this.#relations.some(
      ({ relation, names }) =>
        (qualifier === undefined || names.includes(qualifier)) && matching(relation, name).length > 0,
    );
  }

  /** By the definitions of the views among them. */
  asked(): readonly LabelPredicate[] {
    return this.#relations.flatMap(({ relation }) => relation.asks ?? []);
  }

  relationsNamed(name: string): readonly CatalogRelation[] {
    return this.#relations.filter((entry) => entry.names.includes(name)).map((entry) => entry.relation);
  }

  /** Labels of everything that flows into a write of this statement. */
  sourceLabels(): readonly string[] {
    const labels = new Set<string>();
    for (const column of this.#facts.columns) {
      if (column.use === "write-source") for (const label of this.labelsOf(column)) labels.add(label);
    }
    return [...labels];
  }
}

function createdHere(facts: StatementFacts, name: string): boolean {
  return facts.into?.name === name;
}

function matching(relation: CatalogRelation, name: string): readonly CatalogColumn[] {
  if (name === "*") return relation.columns;
  const listed = relation.columns.filter((column) => column.name === name);
  const { anyColumn } = relation;
  if (listed.length > 0 || anyColumn === undefined || anyColumn.length === 0) return listed;
  return [{ name, attnum: 0, labels: anyColumn, derived: true, generated: false }];
}

function predicateUse(column: SqlColumnUse, label: string, scope: Scope): PredicateUse | undefined {
  switch (column.use) {
    case "output":
    case "write-source":
      return undefined;
    case "group":
      return "order";
    case "asking":
      return "expression";
    case "join":
      return joinsWithin(column, label, scope) ? "join" : "expression";
    default:
      return column.use;
  }
}

/**
 * A join of two columns of one label tells nothing that either does not hold; with any other column it is a comparison with
 * values of the client's choice. A name may mean a column of every relation here, so each of them must carry the label.
 */
function joinsWithin({ partners = [] }: SqlColumnUse, label: string, scope: Scope): boolean {
  return (
    partners.length > 0 &&
    partners.every((name) => {
      const columns = scope.columnsNamed(name);
      return name !== "*" && columns.length > 0 && columns.every((column) => column.labels.includes(label));
    })
  );
}

function addPredicate(into: Map<string, LabelPredicate>, added: LabelPredicate): void {
  const key = `${added.label} ${added.use}`;
  const present = into.get(key);
  const values = [...(present?.values ?? []), ...(added.values ?? [])];
  const { label, use } = added;
  const literals = (present?.literals ?? 0) + added.literals;
  into.set(key, { label, use, literals, ...(values.length > 0 && { values }) });
}

function writtenLabels(write: SqlWrite, scope: Scope): readonly string[] {
  const labels = new Set<string>();
  for (const relation of scope.relationsNamed(write.relation.name)) {
    for (const column of targetColumns(write, relation)) for (const label of column.labels) labels.add(label);
  }
  return [...labels];
}

function targetColumns(write: SqlWrite, relation: CatalogRelation): readonly CatalogColumn[] {
  if (write.columns.length > 0) return relation.columns.filter((column) => write.columns.includes(column.name));
  return write.kind === "INSERT" || write.kind === "MERGE" || write.kind === "COPY" ? relation.columns : [];
}

/** Would a labelled value land where no label follows it (masking-and-policy.md, rule 5)? */
function launders(facts: StatementFacts, scope: Scope): boolean {
  if (facts.kinds.includes("DO")) return true;
  if (facts.into !== undefined || facts.writes.some((write) => write.kind === "CREATE TABLE AS")) {
    return scope.opaque || scope.sourceLabels().length > 0;
  }
  return facts.writes.some((write) => {
    if (write.kind !== "INSERT" && write.kind !== "UPDATE" && write.kind !== "MERGE") return false;
    if (scope.opaque) return true;
    if (write.sources === undefined) return write.carriesColumns && scope.sourceLabels().length > 0;
    return write.sources.some((source) => strays(write, source, scope));
  });
}

/**
 * A labelled value may only go, as it is, into a column that carries each of its labels. Changed on its way it may not: a
 * mask that keeps a part (the domain, the last digits) would then show another part.
 */
function strays(write: SqlWrite, source: SqlWriteSource, scope: Scope): boolean {
  const from = source.columns === "unknown" ? scope.allLabels() : scope.labelsOfAll(source.columns);
  if (from.length === 0) return false;
  if (source.columns === "unknown" || source.column === undefined) return true;
  // what is unclassified has one mask, the constant: it shows no part, whatever was done to the value
  if (source.plain !== true && from.some((label) => label !== UNCLASSIFIED)) return true;
  const targets = scope
    .relationsNamed(write.relation.name)
    .map((relation) => relation.columns.find((column) => column.name === source.column));
  return (
    targets.length === 0 || targets.some((column) => from.some((label) => column?.labels.includes(label) !== true))
  );
}
