/** What a client understands of the messages it received; read here by itself, not with the gateway's decoder. */
export interface Answers {
  readonly results: readonly Result[];
  /** Of the first ErrorResponse. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** Messages of NoticeResponses. */
  readonly notices: readonly string[];
  /** Command tags. */
  readonly tags: readonly string[];
}

export interface Result {
  /** Absent where the portal was not described: column names are not known then. */
  readonly fields: readonly Field[] | undefined;
  /** Cells as bytes in latin1, NULL as null. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Field {
  readonly name: string;
  readonly table: number;
  readonly attnum: number;
  readonly type: number;
}

export function readAnswers(messages: readonly Buffer[]): Answers {
  const results: { fields: Field[] | undefined; rows: (string | null)[][] }[] = [];
  const notices: string[] = [];
  const tags: string[] = [];
  let error: Answers["error"];
  let open: (typeof results)[number] | undefined;
  const current = () => {
    if (open !== undefined) return open;
    open = { fields: undefined, rows: [] };
    results.push(open);
    return open;
  };
  for (const message of messages) {
    switch (String.fromCharCode(message[0] ?? 0)) {
      case "T":
        current().fields = fieldsOf(message);
        break;
      case "D":
        current().rows.push(cellsOf(message));
        break;
      case "d":
        current().rows.push(...copiedCells(message));
        break;
      case "C":
        tags.push(message.toString("utf8", 5, message.length - 1));
        open = undefined;
        break;
      case "E": {
        const fields = wordsOf(message);
        error ??= { code: fields.get("C") ?? "", message: fields.get("M") ?? "" };
        open = undefined;
        break;
      }
      case "N":
        notices.push(wordsOf(message).get("M") ?? "");
        break;
    }
  }
  return { results, error, notices, tags };
}

function fieldsOf(message: Buffer): Field[] {
  let at = 7;
  return Array.from({ length: message.readInt16BE(5) }, () => {
    const end = message.indexOf(0, at);
    const name = message.toString("utf8", at, end);
    at = end + 19;
    return {
      name,
      table: message.readUInt32BE(end + 1),
      attnum: message.readInt16BE(end + 5),
      type: message.readUInt32BE(end + 7),
    };
  });
}

function cellsOf(message: Buffer): (string | null)[] {
  let at = 7;
  return Array.from({ length: message.readInt16BE(5) }, () => {
    const length = message.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return message.toString("latin1", at - length, at);
  });
}

/** Lines of a COPY; one that holds commas but no tab is CSV. */
function copiedCells(message: Buffer): (string | null)[][] {
  const text = message.toString("latin1", 5);
  return text
    .split("\n")
    .filter((line, index, all) => line !== "" || index < all.length - 1)
    .map((line) => line.split(line.includes("\t") ? "\t" : ","));
}

function wordsOf(message: Buffer): Map<string, string> {
  const words = message.toString("utf8", 5).split("\0");
  return new Map(words.filter((word) => word !== "").map((word) => [word[0] ?? "", word.slice(1)]));
}
