/** Why something written cannot be what a target is asked. */
export interface WrittenProblem {
  readonly message: string;
  /** Without a full stop: `did you mean "pods"?`. */
  readonly hint?: string;
  /** Key of the input that it is about. */
  readonly key?: string;
}

export type WrittenResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: WrittenProblem };

/** A word of whoever wrote it, as messages show it. */
export function quoted(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 60)}..."` : `"${text}"`;
}

export function refuse(
  message: string,
  more: Omit<WrittenProblem, "message"> = {},
): { readonly ok: false; readonly problem: WrittenProblem } {
  return { ok: false, problem: { message, ...more } };
}
