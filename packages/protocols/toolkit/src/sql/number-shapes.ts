import type { SourceSpan, SqlClassification, StatementFacts } from "@tidewaiter/core/sql-facts";

/**
 * Statements that differ only in whole numbers have the same facts but for the places of those numbers. Programs send them
 * by the thousand, so parsing one of a kind is enough, where that is beyond doubt:
 *
 * - the text is plain ASCII without quotes, dollars, backslashes or comments, so that a number can be nothing else;
 * - a number has 1 to 9 digits and touches no letter, digit, dot or underscore, so that it is always one integer token;
 * - no clause is in it in which a number means a column or a count (ORDER BY 2, GROUP BY 1, LIMIT 5, FETCH 3);
 * - no fact holds a number: no written values, settings, COPY, secrets;
 * - the same of its numbers are equal, and the same are 0, since `id = 1 or id <> 1` is true for every row, and so is
 *   `id = -0 or id <> 0`.
 */
const PLAIN = /^[\t\n\r !#%&()*+,./0-9:;<=>?@A-Z[\]^_a-z{|}~-]*$/;
const COMMENT = /--|\/\*/;
const NUMBER_MATTERS =
  /\b(?:order|group|limit|offset|fetch|move|top|partition|within|over|set|values|copy|create|alter)\b/i;
const NUMBER = /(?<![\w.])\d{1,9}(?![\w.])/g;
const MAX_LENGTH = 4096;

export interface NumberShape {
  /** The text with 0 for 0, and for every other number which one it is: equal ones have the same. */
  readonly key: string;
  readonly numbers: readonly SourceSpan[];
}

/** Undefined: this text has to be parsed. */
export function numberShape(sql: string): NumberShape | undefined {
  if (sql.length > MAX_LENGTH || !PLAIN.test(sql) || COMMENT.test(sql) || NUMBER_MATTERS.test(sql)) return undefined;
  const numbers: SourceSpan[] = [];
  const which = new Map([[0, 0]]);
  const key = sql.replace(NUMBER, (digits: string, start: number) => {
    numbers.push({ start, end: start + digits.length });
    const value = Number(digits);
    const known = which.get(value) ?? which.size;
    which.set(value, known);
    return String(known);
  });
  return numbers.length > 0 ? { key, numbers } : undefined;
}

/** May the facts of this statement stand for others of its shape? Its literals must be exactly the numbers found. */
export function servesShape(
  classification: SqlClassification,
  shape: NumberShape,
): classification is { ok: true; statements: readonly [StatementFacts] } {
  if (!classification.ok || classification.statements.length !== 1) return false;
  const [facts] = classification.statements;
  if (
    facts === undefined ||
    facts.opaque ||
    facts.limit !== undefined ||
    facts.set !== undefined ||
    facts.copy !== undefined ||
    facts.preparedSql !== undefined
  )
    return false;
  if (facts.secrets.length > 0 || facts.writes.some((write) => write.values.length > 0)) return false;
  return (
    facts.literals.length === shape.numbers.length &&
    facts.literals.every(
      ({ start, end }, index) => start === shape.numbers[index]?.start && end === shape.numbers[index]?.end,
    )
  );
}

/** The facts of one statement as those of another with the same shape. */
export function reshape(facts: StatementFacts, sql: string, shape: NumberShape): StatementFacts {
  const { start } = facts.span;
  const end = sql.trimEnd().replace(/[;\s]+$/, "").length;
  const reshaped = { ...facts, span: { start, end }, literals: shape.numbers };
  kinds.set(reshaped, facts);
  return reshaped;
}

const kinds = new WeakMap<StatementFacts, StatementFacts>();

/** The facts that these were made from by `reshape`, else themselves: the same but for the places of numbers. */
export function kindOf(facts: StatementFacts): StatementFacts {
  return kinds.get(facts) ?? facts;
}
