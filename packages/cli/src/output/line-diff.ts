export interface DiffLine {
  readonly sign: "+" | "-" | " ";
  readonly text: string;
}

/** Above this the table of the algorithm would need too much memory; the whole is then shown as replaced. */
const CELLS_LIMIT = 4_000_000;

/** Lines removed and added between two texts, by their longest common subsequence, with `context` lines around. */
export function lineDiff(before: string, after: string, context = 2): DiffLine[] {
  const [from, to] = [before, after].map((text) => text.replace(/\n$/, "").split("\n")) as [string[], string[]];
  const all = from.length * to.length > CELLS_LIMIT ? replaced(from, to) : walk(from, to);
  return all.filter((_, index) =>
    all.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== " "),
  );
}

function replaced(from: readonly string[], to: readonly string[]): DiffLine[] {
  const line = (sign: "+" | "-") => (text: string) => ({ sign, text });
  return [...from.map(line("-")), ...to.map(line("+"))];
}

function walk(from: readonly string[], to: readonly string[]): DiffLine[] {
  const common = commonLengths(from, to);
  const at = (i: number, j: number) => common[i * (to.length + 1) + j] ?? 0;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const [old, fresh] = [from[i], to[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ sign: " ", text: old });
      i++;
      j++;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: "-", text: old });
      i++;
    } else {
      lines.push({ sign: "+", text: fresh ?? "" });
      j++;
    }
  }
  return lines;
}

/** Cell (i, j): how many lines `from[i..]` and `to[j..]` share in order. */
function commonLengths(from: readonly string[], to: readonly string[]): Uint32Array {
  const width = to.length + 1;
  const cells = new Uint32Array((from.length + 1) * width);
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const [right = 0, below = 0, diagonal = 0] = [
        cells[i * width + j + 1],
        cells[(i + 1) * width + j],
        cells[(i + 1) * width + j + 1],
      ];
      cells[i * width + j] = from[i] === to[j] ? diagonal + 1 : Math.max(right, below);
    }
  }
  return cells;
}
