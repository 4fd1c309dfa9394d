/** `{"Width":80,"Height":24}` (client-go, remotecommand.TerminalSize). */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const MAX_PENDING = 1024;
const MAX_SIZE = 65_535;

/** Sizes of a terminal from the JSON texts of a resize channel, wherever they are cut. What is none is dropped. */
export class TerminalSizes {
  #pending = "";

  push(chunk: Buffer): readonly TerminalSize[] {
    const sizes: TerminalSize[] = [];
    const parts = (this.#pending + chunk.toString("latin1")).split("}");
    const rest = parts.pop() ?? "";
    this.#pending = rest.length > MAX_PENDING ? "" : rest;
    for (const part of parts) {
      const size = part.length > MAX_PENDING ? undefined : sizeOf(`${part}}`);
      if (size !== undefined) sizes.push(size);
    }
    return sizes;
  }
}

export function sizeText({ columns, rows }: TerminalSize): string {
  return `{"Width":${columns},"Height":${rows}}\n`;
}

function sizeOf(text: string): TerminalSize | undefined {
  try {
    const { Width: columns, Height: rows } = JSON.parse(text) as Record<string, unknown>;
    return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_SIZE;
}
