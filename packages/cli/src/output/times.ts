/** `2026-11-24 14:32:05 UTC`; anything else as it is. */
export function utc(instant: string): string {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? instant : `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `11-24 14:32`, for where there is little room. */
export function shortUtc(instant: string): string {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? instant : new Date(time).toISOString().slice(5, 16).replace("T", " ");
}

/** `in 7 h`, `12 min ago`: the largest unit that fits. */
export function relative(instant: string, now: number): string {
  const ms = Date.parse(instant) - now;
  if (Number.isNaN(ms)) return instant;
  const size = span(Math.abs(ms));
  return ms >= 0 ? `in ${size}` : `${size} ago`;
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
