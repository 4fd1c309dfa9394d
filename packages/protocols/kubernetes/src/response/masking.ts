import { isUtf8 } from "node:buffer";
import type { LabelMatcher, MaskSpec, ValueMaskSpec, Verdict } from "@tidewaiter/core";
import { CONSTANT_MASK, KUBE_SECRET, strictestMask } from "@tidewaiter/core";
import type { ActiveDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import { candidates } from "@tidewaiter/toolkit/content/prefilter";
import { BACKSLASH } from "../json/json-scan.ts";
import type { BodyMask } from "./body-mask.ts";
import { CONSTANT_TEXT, maskedText, type Token, withoutFindings } from "./mask-text.ts";

/** What decides which values of an answer are masked, and how. */
export interface MaskRules {
  readonly masks: Verdict["masks"];
  readonly matcher: LabelMatcher;
  readonly detectors: ActiveDetectors | undefined;
  /** A keyed token of a value; absent: the constant stands for it. */
  readonly token?: Token;
}

/** How values under one name are replaced. */
export interface ColumnPlan {
  /** For the recording: `configmaps.password`. */
  readonly column: string;
  /** Those that are not shown. */
  readonly labels: readonly string[];
  readonly spec: MaskSpec;
}

export type MaskedColumn = BodyMask["masked"][number];

/** As kinds are called that hold values, and the beginning of every other way to write their letters. */
const SECRET = Buffer.from("Secret");
const ESCAPED = Buffer.from("\\u00");
/** Plans by name are kept up to so many, then made anew: names come from the cluster. */
const MAX_PLANS = 5_000;
/** Entries for the recording; more names than that are not told apart. */
const MAX_MASKED = 100;

/** The rules as one answer needs them, and what was masked by them. */
export class Masking {
  readonly detectors: ActiveDetectors | undefined;
  /** Values of Secrets; undefined = they are shown. */
  readonly secret: ColumnPlan | undefined;
  /** Some label that is hidden may be carried by a name. */
  readonly byName: boolean;
  readonly masked: MaskedColumn[];
  readonly #rules: MaskRules;
  /** By column, of `#place`. */
  readonly #plans = new Map<string, ColumnPlan | undefined>();
  #place = { schema: "", table: "" };
  readonly #noted = new Set<string>();

  /** @param masked where it is noted, with others of the same answer */
  constructor(rules: MaskRules, masked: MaskedColumn[] = []) {
    this.#rules = rules;
    this.masked = masked;
    this.detectors = rules.detectors;
    this.secret = this.#planOf("secrets.data", [KUBE_SECRET]);
    this.byName = namesLabels(rules.matcher) && !allShown(rules.masks);
  }

  /** Of the value under `column` in an object of `table` (plural) in the namespace `schema`; undefined = no label, or shown. */
  column(schema: string, table: string, column: string): ColumnPlan | undefined {
    if (!this.byName) return undefined;
    const known = this.#plans;
    if (schema !== this.#place.schema || table !== this.#place.table || known.size >= MAX_PLANS) {
      known.clear();
      this.#place = { schema, table };
    }
    let plan = known.get(column);
    if (plan !== undefined || known.has(column)) return plan;
    plan = this.#planOf(`${table}.${column}`, this.#rules.matcher.labelsOf({ schema, table, column }));
    known.set(column, plan);
    return plan;
  }

  /** Of the value of a Secret: what its name says is added to what it is. */
  secretColumn(schema: string, column: string): ColumnPlan | undefined {
    const named = this.column(schema, "secrets", column);
    if (named === undefined || this.secret === undefined) return named ?? this.secret;
    const spec = strictestMask([named.spec, this.secret.spec]) ?? CONSTANT_MASK;
    return { column: named.column, labels: [...this.secret.labels, ...named.labels], spec };
  }

  /** What stands for a text. */
  text(plan: ColumnPlan, text: string): string {
    this.note(plan.column, plan.labels, plan.spec.transform);
    const { spec, labels } = plan;
    if (spec.transform === "json") return CONSTANT_TEXT;
    if (spec.transform === "redact" && !labels.includes(KUBE_SECRET))
      return withoutFindings(Buffer.from(text))?.toString() ?? text;
    return maskedText(spec as ValueMaskSpec, text, () => this.#rules.token?.(labels[0] ?? "", text));
  }

  /** What stands for a value in base64: base64, so that clients can read it. */
  base64(plan: ColumnPlan, written: string): string {
    const bytes = Buffer.from(written, "base64");
    const text = isUtf8(bytes) ? bytes.toString("utf8") : written;
    return Buffer.from(this.text(plan, text)).toString("base64");
  }

  /** A text without what the detectors find; undefined when they find nothing. */
  findings(text: Buffer, column: () => string): Buffer | undefined {
    const { detectors } = this;
    if (detectors === undefined) return undefined;
    return withoutFindings(text, detectors.set, (detector) =>
      this.note(column(), detectors.labels.get(detector) ?? [], "redact"),
    );
  }

  /** A cheap look at a JSON text: most hold nothing that is masked. */
  mayHold(text: Buffer): boolean {
    return this.byName || this.mayHoldUnnamed(text);
  }

  /** As `mayHold`, where no name can carry a label. */
  mayHoldUnnamed(text: Buffer): boolean {
    if (this.secret !== undefined && (text.includes(SECRET) || text.includes(ESCAPED))) return true;
    if (this.detectors === undefined) return false;
    return text.includes(BACKSLASH) || candidates(text, 0, text.length, this.detectors.set) !== 0;
  }

  note(column: string, labels: readonly string[], transform: MaskSpec["transform"]): void {
    const key = `${column}\0${labels.join()}\0${transform}`;
    if (this.#noted.has(key) || this.masked.length >= MAX_MASKED) return;
    this.#noted.add(key);
    const isNoted = this.masked.some((each) => each.column === column && each.transform === transform);
    if (!isNoted) this.masked.push({ column, labels, transform });
  }

  #planOf(column: string, labels: readonly string[]): ColumnPlan | undefined {
    const hidden = labels.filter((label) => (this.#rules.masks[label] ?? CONSTANT_MASK) !== "show");
    const specs = hidden.map((label) => (this.#rules.masks[label] ?? CONSTANT_MASK) as MaskSpec);
    const spec = strictestMask(specs);
    return spec === undefined ? undefined : { column, labels: hidden, spec };
  }
}

/** A label without a mask is hidden. */
function allShown(masks: Verdict["masks"]): boolean {
  const all = Object.values(masks);
  return all.length > 0 && all.every((mask) => mask === "show");
}

function namesLabels(matcher: LabelMatcher): boolean {
  const names = matcher.labelledColumnNames();
  return names === "any" || names.size > 0;
}
