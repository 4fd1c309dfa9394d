import type { Variables } from "../environment.ts";

export type Style = "dim" | "bold" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

const SGR: Readonly<Record<Style, string>> = { dim: "2", bold: "1", red: "31", green: "32", yellow: "33", cyan: "36" };

export const plain: Paint = (_style, text) => text;
export const coloured: Paint = (style, text) => `\u001b[${SGR[style]}m${text}\u001b[0m`;

/** https://no-color.org: set and not empty means no colours. */
export function wantsColour(variables: Variables, isTty: boolean): boolean {
  return isTty && !variables.NO_COLOR && variables.TERM !== "dumb";
}
