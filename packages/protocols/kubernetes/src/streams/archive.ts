/** A command that moves files as a tar stream, as `kubectl cp` starts it. From the client's point of view. */
export interface Archive {
  readonly direction: "upload" | "download";
  /** Folder that an upload is unpacked in; empty: the command's own. */
  readonly folder: string;
}

const PROGRAMS = new Set(["tar", "bsdtar", "gtar"]);
const DESTINATIONS = new Set(["-C", "--directory"]);

/** Options that neither start a program nor say where else bytes come from; only of such a command is the output an archive. */
const PLAIN_LETTERS = /^-?[cfhjJmopvxzPZ]+$/;
const PLAIN_OPTIONS = new Set(["-", "--no-same-owner", "--no-same-permissions", ...DESTINATIONS]);

/** `tar cf - PATH` sends an archive, `tar xmf - -C FOLDER` takes one. Undefined: any other command. */
export function archiveOf([program = "", ...words]: readonly string[]): Archive | undefined {
  if (!PROGRAMS.has(program.slice(program.lastIndexOf("/") + 1))) return undefined;
  const clusters = words.filter(
    (word, index) => /^-[A-Za-z]+$/.test(word) || (index === 0 && /^[A-Za-z]+$/.test(word)),
  );
  if (!clusters.every((cluster) => PLAIN_LETTERS.test(cluster) || DESTINATIONS.has(cluster))) return undefined;
  if (optionsOf(words).some((word) => !clusters.includes(word) && !PLAIN_OPTIONS.has(word))) return undefined;
  const letters = clusters.filter((cluster) => !DESTINATIONS.has(cluster)).join("");
  // through the streams, not a file at the far end
  const at = words.findIndex((word) => clusters.includes(word) && word.endsWith("f"));
  if (at < 0 || words[at + 1] !== "-" || letters.includes("c") === letters.includes("x")) return undefined;
  const to = words.findIndex((word) => DESTINATIONS.has(word));
  return { direction: letters.includes("c") ? "download" : "upload", folder: to < 0 ? "" : (words[to + 1] ?? "") };
}

function optionsOf(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  return words.slice(0, end < 0 ? undefined : end).filter((word) => word.startsWith("-"));
}
