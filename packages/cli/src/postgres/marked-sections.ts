import { CliError } from "../errors.ts";

/**
 * Our part of a file that belongs to somebody else: sections between two comment lines,
 *
 *     # tidewaiter:begin KEY ID
 *     ...
 *     # tidewaiter:end KEY
 *
 * KEY says which section it is (no spaces), ID what it was made from. All text outside stays as it is, byte for byte.
 */
export interface Section {
  readonly key: string;
  readonly id: string;
  readonly lines: readonly string[];
}

export interface SectionEdit {
  readonly text: string;
  /** ID of the section that was replaced. */
  readonly replaced: string | undefined;
}

const BEGIN = /^# tidewaiter:begin (\S+) (\S+)$/;
const END = /^# tidewaiter:end (\S+)$/;

/**
 * The text with this section in place of an earlier one with the same key, which may stand more than once. `first`
 * puts a new one before everything else, where the first match counts.
 * @throws CliError `conflict` when a section has no end
 */
export function putSection(
  text: string,
  section: Section,
  options: { readonly first: boolean; readonly path: string },
): SectionEdit {
  const { outside, replaced } = takeOut(text, ({ key }) => key === section.key, options.path);
  const block = [
    `# tidewaiter:begin ${section.key} ${section.id}`,
    ...section.lines,
    `# tidewaiter:end ${section.key}`,
  ];
  const own = `${block.join("\n")}\n`;
  if (options.first) return { text: own + outside, replaced };
  const gap = outside === "" || outside.endsWith("\n") ? "" : "\n";
  return { text: outside + gap + own, replaced };
}

/** Text outside of all our sections. @throws CliError `conflict` */
export function outsideSections(text: string, path: string): string {
  return takeOut(text, () => true, path).outside;
}

/** Without those sections of ours. @throws CliError `conflict` */
export function removeSections(text: string, which: SectionFilter, path: string): string {
  return takeOut(text, which, path).outside;
}

type SectionFilter = (section: Pick<Section, "key" | "id">) => boolean;

function takeOut(text: string, which: SectionFilter, path: string) {
  const kept: string[] = [];
  let replaced: string | undefined;
  let open: { readonly key: string; readonly out: boolean; readonly line: number } | undefined;
  // The break belongs to its line, so that joining gives the same bytes again.
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (const [index, line] of lines.entries()) {
    const bare = line.replace(/\r?\n$/, "");
    const [, begun, id] = BEGIN.exec(bare) ?? [];
    if (begun !== undefined) {
      if (open !== undefined) throw broken(path, open.line);
      const out = which({ key: begun, id: id ?? "" });
      open = { key: begun, out, line: index + 1 };
      if (out) replaced ??= id;
    }
    if (open?.out !== true) kept.push(line);
    const [, ended] = END.exec(bare) ?? [];
    if (ended !== undefined && ended === open?.key) open = undefined;
  }
  if (open !== undefined) throw broken(path, open.line);
  return { outside: kept.join(""), replaced };
}

function broken(path: string, line: number): CliError {
  return new CliError("conflict", `${path} was changed within a section of ours`, {
    why: `the section that begins in line ${line} has no "# tidewaiter:end"`,
    next: "Remove that section by hand, then run this again.",
  });
}
