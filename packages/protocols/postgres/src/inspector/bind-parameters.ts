import { createHash } from "node:crypto";
import { eachValue, formatAt } from "../decode-frontend.ts";
import type { FrontendMessage } from "../messages.ts";
import { hasMaskForm } from "./mask-forms.ts";
import { isIdentitySetting } from "./own-rules.ts";
import type { Portal } from "./state.ts";

type Bind = Extract<FrontendMessage, { name: "Bind" }>;

/** Recorded parameters: how many, and how many characters of each. */
const MAX_PARAMETERS = 100;
const MAX_PARAMETER_LENGTH = 1_000;
/** Masks and names of settings are short; longer values are not looked at. In bytes. */
const MAX_LOOKED_AT = 400;

/** What is kept of the values of a Bind: a readable form for records and reviewers, and a digest of them whole. */
export function bindParameters(bind: Bind): Pick<Portal, "parameters" | "digest" | "maskLike" | "namesIdentity"> {
  const { parameters, parameterFormats } = bind;
  if (parameters.count === 0) return { parameters: [], digest: "", maskLike: new Set(), namesIdentity: false };
  const digest = createHash("sha256").update(parameterFormats.join(","));
  const shown: (string | null)[] = [];
  const maskLike = new Set<number>();
  let namesIdentity = false;
  let index = 0;
  for (const value of eachValue(parameters)) {
    digest.update(value === null ? "N" : `${value.length}:`);
    if (value !== null) digest.update(value);
    if (value !== null && value.length <= MAX_LOOKED_AT) {
      // text is the same in both formats
      const text = value.toString("utf8");
      if (hasMaskForm(text)) maskLike.add(index + 1);
      namesIdentity ||= isIdentitySetting(text);
    }
    if (index < MAX_PARAMETERS) shown.push(readableValue(value, formatAt(parameterFormats, index)));
    index++;
  }
  if (index > MAX_PARAMETERS) shown.push(`... ${index - MAX_PARAMETERS} more`);
  return { parameters: shown, digest: digest.digest("hex"), maskLike, namesIdentity };
}

/** Text as it is, binary as bytea hex, long ones cut. */
function readableValue(value: Buffer | null, format: number): string | null {
  if (value === null) return null;
  return format === 0
    ? value.toString("utf8", 0, MAX_PARAMETER_LENGTH)
    : `\\x${value.toString("hex", 0, MAX_PARAMETER_LENGTH / 2)}`;
}
