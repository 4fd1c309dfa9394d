import type { SqlCopy, StatementFacts } from "@tidewaiter/core";
import { SQLSTATE } from "../../errors.ts";
import { copyFormat, isSplittable } from "../../mask/copy-values.ts";
import { CopyMask } from "../../mask/mask-copy.ts";
import type { ErrorFields, FieldDescription } from "../../messages.ts";
import { probeColumns, withoutPosition } from "../lineage/probe.ts";
import type { Machine } from "../machine.ts";
import type { Judged, Probe } from "../state.ts";
import { isUtf8Name } from "../statements/reading-settings.ts";
import { refusedPlainly, transactionText } from "../texts.ts";
import { tighten } from "../verdict/tighten.ts";
import { noteRedacted } from "./content-layer.ts";
import { planResult } from "./result-plan.ts";

export type CopyDecision = { readonly copy: CopyMask | undefined } | { readonly refusal: ErrorFields };

/** A COPY to the client that touches labels: CopyData carries no column origins, so the target is asked first. */
export function copyToProbe(
  machine: Machine,
  judged: Judged,
): { readonly copy: SqlCopy; readonly facts: StatementFacts } | undefined {
  if (!machine.context.catalog().hasLabels) return undefined;
  const facts = judged.facts.find((one) => one.copy?.direction === "to" && one.copy.endpoint === "stdout");
  return facts?.copy === undefined ? undefined : { copy: facts.copy, facts };
}

interface CopyInput {
  readonly judged: Judged;
  readonly copy: SqlCopy;
  readonly facts: StatementFacts;
  readonly end: "sync" | "flush";
}

/** An error of the probe is the client's own: the statement inside would have failed the same way. */
export function probeCopy(machine: Machine, input: CopyInput, done: (decision: CopyDecision) => void): void {
  const { judged, copy, end } = input;
  const unsupported =
    unsupportedOption(copy) ?? (judged.facts.length > 1 ? "COPY together with other statements" : undefined);
  if (unsupported !== undefined) return done({ refusal: notMasked(machine, unsupported) });
  probeColumns(machine, { judged, sql: probeSql(copy), end }, (probe) =>
    done(probe.error === undefined ? decide(machine, input, probe) : { refusal: withoutPosition(probe.error) }),
  );
}

function notMasked(machine: Machine, what: string): ErrorFields {
  return refusedPlainly(
    SQLSTATE.featureNotSupported,
    `${what} cannot be masked by the gateway`,
    `Not executed. ${transactionText(machine.status)}`,
    "Use the format's defaults in an encoding such as UTF8, one statement at a time.",
  );
}

function probeSql(copy: SqlCopy): string {
  if (copy.source === "query") return copy.innerSql ?? "";
  const relation =
    copy.relation === undefined
      ? ""
      : [copy.relation.schema, copy.relation.name]
          .filter((part) => part !== undefined)
          .map(quoted)
          .join(".");
  return `select ${copy.columns === undefined ? "*" : copy.columns.map(quoted).join(", ")} from ${relation}`;
}

function decide(
  machine: Machine,
  { judged, copy, facts }: CopyInput,
  { fields: described = [], trees }: Probe,
): CopyDecision {
  const catalog = machine.context.catalog();
  const refusal = machine.notices && tighten(machine, judged, trees);
  if (refusal !== undefined) return { refusal };
  const fields =
    copy.source === "table" && copy.columns === undefined
      ? described.filter((field) => !isGenerated(machine, field))
      : described;
  const format = copyFormat(copy);
  const encoding = encodingOf(machine, copy);
  if (format.format !== "binary" && !isSplittable(encoding))
    return { refusal: notMasked(machine, `COPY in the encoding ${encoding || "that was just set"}`) };
  const inner = copy.source === "query" ? machine.context.classify(copy.innerSql ?? "") : undefined;
  const plan = planResult({
    judged,
    facts: inner?.ok ? inner.statements[0] : facts,
    fields,
    trees: machine.notices && trees,
    stale: false,
    formatOf: () => (format.format === "binary" ? 1 : 0),
    catalog,
    tokenKey: machine.context.tokenKey,
    utf8: isUtf8Name(encoding),
    labelDetectors: machine.context.labelDetectors(),
    canaries: machine.context.canaries(),
    redacted: (info) => noteRedacted(machine, judged, info),
  });
  judged.masked = plan.masked;
  judged.watch = plan.watch && { ...plan.watch, copy: format };
  return { copy: plan.mask === undefined ? undefined : new CopyMask(plan.mask, format) };
}

/** Fixed when the COPY begins. Empty: the client has just changed its own, and the server has not said to what. */
function encodingOf({ reading }: Machine, copy: SqlCopy): string {
  return copy.options.encoding ?? (reading.atRisk ? "" : reading.clientEncoding);
}

/** COPY of a table leaves generated columns out; `select *` does not. */
function isGenerated(machine: Machine, field: FieldDescription): boolean {
  const relation = machine.context.catalog().byOid(field.tableOid);
  return relation?.columns.find((column) => column.attnum === field.attnum)?.generated === true;
}

function unsupportedOption(copy: SqlCopy): string | undefined {
  const { options } = copy;
  if (options.other.length > 0) return `COPY with the option ${options.other[0]}`;
  const single = [options.delimiter, options.quote, options.escape];
  return single.some((value) => value !== undefined && Buffer.byteLength(value) !== 1)
    ? "COPY with a delimiter, quote or escape of several bytes"
    : undefined;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
