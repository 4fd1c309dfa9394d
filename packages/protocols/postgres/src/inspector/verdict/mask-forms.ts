import type { StatementFacts, Verdict } from "@tidewaiter/core";
import { CONSTANT_MASK } from "@tidewaiter/core";
import type { Catalog, CatalogColumn } from "@tidewaiter/toolkit/labels/catalog";

/** The constant of text types, the keyed token, the e-mail with its domain kept, and text with its ends kept. */
const FORMS = [/^\*{3}$/, /^tw_[\w-]{22}$/, /^\*{3}@[^@\s]+$/, /^[^*]{0,64}\*{4}[^*]{0,64}$/];
/** No mask is longer: a domain has at most 255 characters. */
const MAX_LENGTH = 260;

/** The same forms as a string somewhere in a document: what a mask by path leaves. */
const IN_DOCUMENT = /"(?:\*{3}|tw_[\w-]{22}|\*{3}@[^@\s"]{1,255}|[^*"]{0,64}\*{4}[^*"]{0,64})"/;
/** Longer documents are not looked at, in UTF-16 code units. */
export const MAX_DOCUMENT_LENGTH = 64 * 1024;

/** Does a text look like what a mask leaves of a value? */
export function hasMaskForm(text: string): boolean {
  if (text.length <= MAX_LENGTH && FORMS.some((form) => form.test(text))) return true;
  return text.length <= MAX_DOCUMENT_LENGTH && isDocument(text) && IN_DOCUMENT.test(text);
}

/** JSON, behind the version of a binary jsonb. */
function isDocument(text: string): boolean {
  return /^\s*[{[]/.test(text.startsWith("\u0001") ? text.slice(1) : text);
}

export interface WriteBackInput {
  readonly catalog: Catalog;
  readonly verdict: Verdict;
  /** Numbers of bound parameters whose value has the form of a mask. */
  readonly maskLike: ReadonlySet<number> | undefined;
}

/**
 * The column, if any, in which a mask would be stored: a program that reads a row, sees it masked and saves it whole would
 * destroy the value (masking-and-policy.md, e).
 */
export function writesBack(facts: StatementFacts, { catalog, verdict, maskLike }: WriteBackInput): string | undefined {
  for (const write of facts.writes) {
    for (const { column, ordinal, literal, param } of write.values) {
      const masked =
        (literal !== undefined && hasMaskForm(literal)) || (param !== undefined && maskLike?.has(param) === true);
      if (!masked) continue;
      const targets = catalog
        .find(write.relation.schema, write.relation.name)
        .flatMap((relation) => targetColumn(relation.columns, column, ordinal) ?? []);
      const hidden = targets.find(({ labels }) => labels.some((label) => isHidden(verdict, label)));
      if (hidden !== undefined) return hidden.name;
    }
  }
  return undefined;
}

function targetColumn(
  columns: readonly CatalogColumn[],
  name: string | undefined,
  ordinal: number | undefined,
): CatalogColumn | undefined {
  return name === undefined ? columns[ordinal ?? -1] : columns.find((column) => column.name === name);
}

function isHidden({ masks }: Verdict, label: string): boolean {
  return (masks[label] ?? CONSTANT_MASK) !== "show";
}
