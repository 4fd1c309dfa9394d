import type { HttpAnswer } from "./http-request.ts";
import { jsonOf } from "./http-request.ts";
import { unavailable } from "./read-fields.ts";
import type { SecretReference } from "./secret-reference.ts";

const WORDS: Readonly<Record<number, string>> = {
  400: "the store did not understand the request",
  401: "the store did not accept our login",
  403: "the store does not allow us to read it",
  404: "the store does not have it",
  429: "the store asks us to wait",
};

/** The answer's JSON, or an error with its status and with nothing else of it. */
export function jsonAnswer(reference: SecretReference, answer: HttpAnswer): Readonly<Record<string, unknown>> {
  if (answer.status !== 200) throw unavailable(reference, wordsFor(answer.status));
  const json = jsonOf(answer.text);
  if (json === undefined) throw unavailable(reference, "the store's answer is not JSON");
  return json;
}

export function wordsFor(status: number): string {
  return `${WORDS[status] ?? (status >= 500 ? "the store failed" : "the store refused")} (HTTP ${status})`;
}
