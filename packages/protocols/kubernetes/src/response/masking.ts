import { isUtf8 } from "node:buffer";
import type { LabelMatcher, MaskSpec, ValueMaskSpec, Verdict } from "@tidewaiter/core";
import { CONSTANT_MASK, KUBE_SECRET, strictestMask } from "@tidewaiter/core";
import type { ActiveDetectors } from "@tidewaiter/toolkit/content/active-detectors";
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
  readonly masked: MaskedColumn[] = [];
  readonly #rules: MaskRules;
  readonly #plans = new Map<string, ColumnPlan | undefined>();
  readonly #noted = new Set<string>();

  constructor(rules: MaskRules) {
    this.#rules = rules;
    this.detectors = rules.detectors;
    this.secret = this.#planOf("secrets.data", [KUBE_SECRET]);
    this.byName = namesLabels(rules.matcher) && !allShown(rules.masks);
  }

  /** Of the value under `column` in an object of `table` (plural) in the namespace `schema`; undefined = no label, or shown. */
  column(schema: string, table: string, column: string): ColumnPlan | undefined {
    if (!this.byName) return undefined;
    const key = `${schema}\0${table}\0${column}`;
    let plan = this.#plans.get(key);
    if (plan !== undefined || this.#plans.has(key)) return plan;
    plan = this.#planOf(`${table}.${column}`, this.#rules.matcher.labelsOf({ schema, table, column }));
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    this.#plans.set(key, plan);
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
  findings(text: Buffer, column: string): Buffer | undefined {
    const { detectors } = this;
    if (detectors === undefined) return undefined;
    return withoutFindings(text, detectors.set, (detector) =>
      this.note(column, detectors.labels.get(detector) ?? [], "redact"),
    );
  }

  note(column: string, labels: readonly string[], transform: MaskSpec["transform"]): void {
    const key = `${column}\0${labels.join()}\0${transform}`;
    if (this.#noted.has(key) || this.masked.length >= MAX_MASKED) return;
    this.#noted.add(key);
    this.masked.push({ column, labels, transform });
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
