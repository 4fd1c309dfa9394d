/**
 * What a native client gives as its user name: the principal's name or, of an AI agent that was delegated by a person,
 * `AGENT+PERSON`. Neither name can hold a plus sign.
 */
export function loginName(principal: string, person: string | null): string {
  return person === null ? principal : `${principal}+${person}`;
}

export function parseLoginName(text: string): { readonly principal: string; readonly person: string | undefined } {
  const plus = text.indexOf("+");
  if (plus < 0) return { principal: text, person: undefined };
  return { principal: text.slice(0, plus), person: text.slice(plus + 1) };
}
