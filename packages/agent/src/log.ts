type Fields = Readonly<Record<string, string | number | undefined>>;

/** Never given grants, keys, tokens, secrets or bytes of a target. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** One line per event: readable, or JSON. */
export function createLog(write: (line: string) => void, json: boolean): Log {
  const line =
    (level: string) =>
    (message: string, fields: Fields = {}) => {
      const time = new Date().toISOString();
      if (json) return write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
      const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
      const shown = pairs.map(([key, value]) => ` ${key}=${typeof value === "number" ? value : JSON.stringify(value)}`);
      write(`${time} ${level.padEnd(5)} ${message}${shown.join("")}\n`);
    };
  return { info: line("info"), warn: line("warn"), error: line("error") };
}
