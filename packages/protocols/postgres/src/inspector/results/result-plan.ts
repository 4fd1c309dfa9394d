import type { Canary, MaskSpec, StatementFacts, Verdict } from "@tidewaiter/core";
import { CONSTANT_MASK, stricterMask } from "@tidewaiter/core";
import type { ActiveDetectors, LabelDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { activeDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { setForColumn } from "@tidewaiter/toolkit/content/detector-set";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import { UNSAFE_FUNCTIONS } from "@tidewaiter/toolkit/labels/catalog";
import { outputLabels, touchedLabels } from "@tidewaiter/toolkit/labels/resolve-labels";
import { typesOf } from "../../catalog/postgres-catalog.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import { columnMask, hidingNull } from "../../mask/column-mask.ts";
import type { ContentMask } from "../../mask/content-mask.ts";
import { contentMask } from "../../mask/content-mask.ts";
import type { CellMask, ColumnMaskInfo, RowMask } from "../../mask/mask-rows.ts";
import { maskInfo } from "../../mask/mask-rows.ts";
import type { FieldDescription } from "../../messages.ts";
import type { ValueLabels } from "../lineage/lineage-use.ts";
import { outputLabelsOf } from "../lineage/lineage-use.ts";
import type { Judged } from "../state.ts";
import type { ColumnToWatch, RowWatch } from "./row-watch.ts";
import { watchRows } from "./row-watch.ts";

export interface ResultPlan {
  /** Undefined: every column passes and rows are forwarded as they come. */
  readonly mask: RowMask | undefined;
  readonly masked: readonly ColumnMaskInfo[];
  /** A relation was seen that the catalog does not know. */
  readonly unknownRelation: boolean;
  /** What is counted and looked for in its columns. */
  readonly watch: RowWatch | undefined;
  /** A query tree was due and none that fits came: everything is masked. */
  readonly lineageMissing: boolean;
}

export interface PlanInput {
  readonly judged: Judged;
  /** Facts of the statement whose rows these are. */
  readonly facts: StatementFacts | undefined;
  readonly fields: readonly FieldDescription[];
  /** The server's query trees of that statement; undefined where it does not send them. */
  readonly trees: readonly Lineage[] | undefined;
  /** The trees may be of what a prepared statement meant before: its text says the rest. */
  readonly stale: boolean;
  readonly formatOf: (index: number) => number;
  readonly catalog: Catalog;
  readonly tokenKey: Buffer;
  readonly utf8: boolean;
  readonly labelDetectors: readonly LabelDetectors[];
  readonly canaries: readonly Canary[];
  /** Something was found and replaced in a column without a label; told once per column and kind. */
  readonly redacted: (info: ColumnMaskInfo) => void;
}

/** Which columns of a result are masked and how: origin first, then what the expression was made from. */
export function planResult(input: PlanInput): ResultPlan {
  const { catalog, fields } = input;
  if (!catalog.hasLabels) return UNMASKED;
  const byTree = treeLabels(input);
  const active = activeDetectors(input.labelDetectors, input.judged.verdict);
  const mask: (CellMask | undefined)[] = [];
  const masked: ColumnMaskInfo[] = [];
  const watched: ColumnToWatch[] = [];
  let unknownRelation = false;
  fields.forEach((field, index) => {
    const origin = sourceOf(input, field, index, byTree);
    unknownRelation ||= origin.unknownRelation;
    const spec = specFor(input.judged.verdict, origin);
    const content = active && contentOf(input, active, field, index);
    mask.push(
      spec === undefined
        ? content
        : maskFor(input, field, index, {
            spec,
            label: origin.labels[0] ?? "",
            content,
            derived: origin.derived,
          }),
    );
    watched.push({ field, format: input.formatOf(index), labels: origin.labels, mask: mask[index] });
    if (spec !== undefined) masked.push(maskInfo(field.name, origin.labels, spec));
  });
  return {
    mask: mask.some((column) => column !== undefined) ? mask : undefined,
    masked,
    watch: watchRows(watched, input.judged.verdict.budgets, input.canaries),
    unknownRelation,
    lineageMissing: byTree === "missing",
  };
}

const UNMASKED: ResultPlan = {
  mask: undefined,
  masked: [],
  watch: undefined,
  unknownRelation: false,
  lineageMissing: false,
};
/** Their trees come with them; EXECUTE and FETCH return what was analysed before. */
const TREE_IS_DUE: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "DECLARE CURSOR"]);

/**
 * Labels per column by the server's trees: of all that have the same width, so that those of rules and functions of the
 * same shape widen them; one has to have the same names as well. Undefined: no tree is due.
 */
function treeLabels({ trees, facts, fields, catalog }: PlanInput): readonly ValueLabels[] | "missing" | undefined {
  if (trees === undefined || facts === undefined || !TREE_IS_DUE.has(facts.kind)) return undefined;
  // of DECLARE CURSOR the server prints the query inside
  const plans = trees.filter(({ command, outputs }) => command !== "utility" || outputs.length > 0);
  if (facts.kind === "DECLARE CURSOR" && plans.length === 0) return undefined;
  // a function below a system view returns what the view would not
  if (facts.functions.some(({ name }) => UNSAFE_FUNCTIONS.has(name)))
    return fields.map(() => ({ labels: catalog.labels, derived: true }));
  const fitting = plans.filter(({ outputs }) => outputs.length === fields.length);
  // code that runs while a statement is analysed (checks of a domain in an array literal) sends its own trees before
  if (!fitting.some(({ outputs }) => outputs.every(({ name }, index) => name === fields[index]?.name)))
    return "missing";
  return fields.map((_, index) => {
    const found = fitting.flatMap(({ outputs }) => {
      const output = outputs[index];
      return output === undefined ? [] : [outputLabelsOf(output, catalog)];
    });
    return {
      labels: [...new Set(found.flatMap(({ labels }) => labels))].sort(),
      derived: found.some(({ derived }) => derived),
    };
  });
}

/** Layer 3: free text without a label, or with labels that are shown, is looked through for values that carry others. */
function contentOf(
  { formatOf, redacted, catalog }: PlanInput,
  active: ActiveDetectors,
  field: FieldDescription,
  index: number,
): ContentMask | undefined {
  const told = new Set<string>();
  return contentMask(field.typeOid, formatOf(index), {
    detectors: setForColumn(active.set, namesOf(catalog, field)),
    found: (detector) => {
      if (told.has(detector)) return;
      told.add(detector);
      redacted({ column: field.name, labels: active.labels.get(detector) ?? [], transform: "redact" });
    },
  });
}

/** What a column is called, and in its table: an alias takes no hint away from detectors. */
function namesOf(catalog: Catalog, { name, tableOid, attnum }: FieldDescription): string {
  const column = catalog.byOid(tableOid)?.columns.find((candidate) => candidate.attnum === attnum);
  return column === undefined ? name : `${name} ${column.name}`;
}

function maskFor(
  { formatOf, tokenKey, utf8, catalog }: PlanInput,
  { typeOid }: FieldDescription,
  index: number,
  how: {
    readonly spec: MaskSpec;
    readonly label: string;
    readonly content: ContentMask | undefined;
    readonly derived: boolean;
  },
): CellMask {
  const mask = columnMask({ ...how, typeOid, format: formatOf(index), tokenKey, utf8, types: typesOf(catalog) });
  return how.derived ? hidingNull(mask) : mask;
}

interface Source {
  readonly labels: readonly string[];
  /** An expression over labels: only the full constant hides it. */
  readonly derived: boolean;
  readonly unknownRelation: boolean;
}

function sourceOf(
  input: PlanInput,
  field: FieldDescription,
  index: number,
  byTree: ReturnType<typeof treeLabels>,
): Source {
  if (byTree === "missing") return { labels: input.catalog.labels, derived: true, unknownRelation: false };
  const value = byTree?.[index];
  // an expression: the tree tells all of it
  if (value !== undefined && field.tableOid === 0 && !input.stale) return { ...value, unknownRelation: false };
  const origin = byOrigin(input, field, index);
  if (value === undefined) return origin;
  return {
    labels: [...new Set([...origin.labels, ...value.labels])].sort(),
    derived: origin.derived || value.derived,
    unknownRelation: origin.unknownRelation,
  };
}

function byOrigin({ judged, facts, catalog, fields }: PlanInput, field: FieldDescription, index: number): Source {
  if (field.tableOid === 0)
    return {
      labels: expressionLabels(judged, facts, index, fields.length, catalog),
      derived: true,
      unknownRelation: false,
    };
  const relation = catalog.byOid(field.tableOid);
  if (relation === undefined) return { labels: catalog.labels, derived: true, unknownRelation: true };
  if (field.attnum < 0) return { labels: [], derived: false, unknownRelation: false };
  const column = relation.columns.find((candidate) => candidate.attnum === field.attnum);
  if (column !== undefined) return { labels: column.labels, derived: column.derived, unknownRelation: false };
  // attnum 0 is a whole row, which holds every column; a column that nobody knows is new since the catalog was read
  const whole = [...new Set(relation.columns.flatMap((candidate) => candidate.labels))];
  return field.attnum === 0
    ? { labels: whole, derived: true, unknownRelation: false }
    : { labels: catalog.labels, derived: true, unknownRelation: true };
}

/** Labels of a value whose origin the server does not tell. */
function expressionLabels(
  judged: Judged,
  facts: StatementFacts | undefined,
  index: number,
  width: number,
  catalog: Catalog,
): readonly string[] {
  if (facts === undefined) return catalog.labels;
  // rows that nobody asked for: of a rule, for whose columns the server tells no origin
  if (!facts.returnsRows) return catalog.labels;
  // a plan shows structure and estimates: how many rows a predicate finds, and how long values are
  if (facts.kind === "EXPLAIN") {
    const { opaque, predicates, reads } = judged.labels;
    return opaque || predicates.length > 0 || reads.length > 0 ? touchedLabels(facts, catalog) : [];
  }
  if (facts.kind === "EXECUTE" || facts.kind === "FETCH") return catalog.labels;
  const labels = outputLabels(facts, index, width, catalog);
  return labels === "unknown" ? touchedLabels(facts, catalog) : labels;
}

function specFor(verdict: Verdict, source: Source): MaskSpec | undefined {
  let spec: MaskSpec | undefined;
  for (const label of source.labels) {
    const one = verdict.masks[label] ?? CONSTANT_MASK;
    if (one !== "show") spec = spec === undefined ? one : stricterMask(spec, one);
  }
  return spec !== undefined && source.derived ? CONSTANT_MASK : spec;
}
