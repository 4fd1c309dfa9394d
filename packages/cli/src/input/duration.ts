import { CliError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `8h`, `1d` as whole seconds. @throws CliError `usage` */
export function parseDuration(text: string, option: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})(s|m|min|h|d)$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new CliError("usage", `${option} ${text}: not a duration`, {
    next: `Write 30m, 8h or 1d, such as ${option} 8h`,
  });
}

/** @throws CliError `usage` */
export function parseCount(
  text: string,
  option: string,
  limits: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= limits.min && value <= limits.max) return value;
  throw new CliError("usage", `${option} ${text}: not a whole number from ${limits.min} to ${limits.max}`);
}
