import { type CivilDate, dateOf, daysOf, weekday } from "./civil-date.ts";
import type { Transform } from "./column-mask.ts";

const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const MICROS_PER_DAY = 86_400_000_000n;
const SECONDS_PER_DAY = 86_400;
const INFINITE_DATES = new Set([2 ** 31 - 1, -(2 ** 31)]);
const INFINITE_TIMES = new Set([2n ** 63n - 1n, -(2n ** 63n)]);
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

type Keep = "year" | "month";

/**
 * Dates and times become the beginning of their year or month. A `timestamp with time zone` is cut in UTC, in text as in
 * binary, and written in UTC: the offset of a zone would tell the season. Years before 1 and infinities have no
 * such beginning. Undefined: another type.
 */
export function truncationOf(typeOid: number, format: number, keep: Keep): Transform | undefined {
  if (typeOid !== DATE && typeOid !== TIMESTAMP && typeOid !== TIMESTAMPTZ) return undefined;
  if (format === 0) return (value) => truncatedText(value.toString("latin1"), typeOid, keep);
  return typeOid === DATE ? (value) => truncatedDate(value, keep) : (value) => truncatedTime(value, keep);
}

/** date_send: int32 days since 2000-01-01 */
function truncatedDate(value: Buffer, keep: Keep): Buffer | undefined {
  if (value.length !== 4 || INFINITE_DATES.has(value.readInt32BE(0))) return undefined;
  const begin = beginning(dateOf(value.readInt32BE(0)), keep);
  if (begin === undefined) return undefined;
  const out = Buffer.alloc(4);
  out.writeInt32BE(daysOf(begin));
  return out;
}

/** timestamp_send: int64 microseconds since 2000-01-01 00:00 */
function truncatedTime(value: Buffer, keep: Keep): Buffer | undefined {
  if (value.length !== 8) return undefined;
  const micros = value.readBigInt64BE(0);
  if (INFINITE_TIMES.has(micros)) return undefined;
  const rest = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  const begin = beginning(dateOf(Number((micros - rest) / MICROS_PER_DAY)), keep);
  if (begin === undefined) return undefined;
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(daysOf(begin)) * MICROS_PER_DAY);
  return out;
}

function beginning({ year, month }: CivilDate, keep: Keep): CivilDate | undefined {
  return year < 1 ? undefined : { year, month: keep === "year" ? 1 : month, day: 1 };
}

/** How a value is written back, by the DateStyle that it was written in. */
type Style = "iso" | "german" | "sql" | "postgres" | "postgres_dmy";

interface Written {
  readonly style: Style;
  readonly date: CivilDate;
  /** Day and month cannot be told apart. */
  readonly yearOnly: boolean;
}

function truncatedText(text: string, typeOid: number, keep: Keep): Buffer | undefined {
  const written = read(text, typeOid);
  if (written === undefined) return undefined;
  const begin = beginning(written.date, written.yearOnly ? "year" : keep);
  return begin === undefined ? undefined : Buffer.from(write(begin, written.style, typeOid));
}

const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})(?:\.\d{1,6})?`;
/** `+02`, `-03:30`, ` UTC`; letters of any other zone do not say its offset. */
const ZONE = String.raw`(?: ?(?<zone>[+-]\d{2}(?::?\d{2}){0,2}|UTC|GMT))?`;
const NUMBERS: readonly { readonly style: Style; readonly date: string; readonly yearOnly: boolean }[] = [
  { style: "iso", date: String.raw`(?<year>\d{4,7})-(?<month>\d{2})-(?<day>\d{2})`, yearOnly: false },
  { style: "german", date: String.raw`(?<day>\d{2})\.(?<month>\d{2})\.(?<year>\d{4,7})`, yearOnly: false },
  // MDY or DMY: the server reports a changed DateStyle only after the rows, so nothing that it said can be relied on
  { style: "sql", date: String.raw`(?<month>\d{2})/(?<day>\d{2})/(?<year>\d{4,7})`, yearOnly: true },
  { style: "postgres", date: String.raw`(?<month>\d{2})-(?<day>\d{2})-(?<year>\d{4,7})`, yearOnly: true },
];
const DATES = NUMBERS.map((one) => ({ ...one, pattern: new RegExp(`^${one.date}$`) }));
const TIMES = [
  ...NUMBERS.map((one) => ({ ...one, pattern: new RegExp(`^${one.date} ${TIME}${ZONE}$`) })),
  ...(["(?<name>[A-Z][a-z]{2}) (?<day>\\d{2})", "(?<day>\\d{2}) (?<name>[A-Z][a-z]{2})"] as const).map(
    (date, index) => ({
      style: index === 0 ? ("postgres" as const) : ("postgres_dmy" as const),
      yearOnly: false,
      pattern: new RegExp(`^[A-Z][a-z]{2} ${date} ${TIME} (?<year>\\d{4,7})${ZONE}$`),
    }),
  ),
];

function read(text: string, typeOid: number): Written | undefined {
  for (const { style, pattern, yearOnly } of typeOid === DATE ? DATES : TIMES) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) continue;
    const local = {
      year: Number(groups.year),
      month: groups.name === undefined ? Number(groups.month) : MONTHS.indexOf(groups.name) + 1,
      day: Number(groups.day),
    };
    const date = typeOid === TIMESTAMPTZ ? inUtc(local, groups) : local;
    return date === undefined || date.month < 1 || (date.month > 12 && !yearOnly)
      ? undefined
      : { style, date, yearOnly };
  }
  return undefined;
}

/** Where day and month cannot be told apart neither can what a zone does to them, but for one that does nothing. */
function inUtc(local: CivilDate, groups: Readonly<Record<string, string | undefined>>): CivilDate | undefined {
  const { zone } = groups;
  if (zone === undefined) return undefined;
  const offset = offsetOf(zone);
  if (offset === 0) return local;
  if (local.month < 1 || local.month > 12) return undefined;
  const seconds = Number(groups.hour) * 3600 + Number(groups.minute) * 60 + Number(groups.second) - offset;
  return dateOf(daysOf(local) + Math.floor(seconds / SECONDS_PER_DAY));
}

/** Seconds east of Greenwich. */
function offsetOf(zone: string): number {
  const [hours = "0", minutes = "0", seconds = "0"] = zone.match(/\d{2}/g) ?? [];
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return zone.startsWith("-") ? -offset : offset;
}

function write(date: CivilDate, style: Style, typeOid: number): string {
  const year = String(date.year).padStart(4, "0");
  const month = String(date.month).padStart(2, "0");
  const zone = typeOid === TIMESTAMPTZ ? (style === "iso" ? "+00" : " UTC") : "";
  const time = typeOid === DATE ? "" : ` 00:00:00${zone}`;
  switch (style) {
    case "iso":
      return `${year}-${month}-01${time}`;
    case "german":
      return `01.${month}.${year}${time}`;
    case "sql":
      return `${month}/01/${year}${time}`;
    default: {
      if (typeOid === DATE) return `${month}-01-${year}`;
      const name = MONTHS[date.month - 1] ?? "";
      const first = style === "postgres" ? `${name} 01` : `01 ${name}`;
      return `${WEEKDAYS[weekday(date)]} ${first} 00:00:00 ${year}${zone}`;
    }
  }
}
