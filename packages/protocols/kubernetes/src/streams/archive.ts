/** A command that moves files as a tar stream, as `kubectl cp` starts it. From the client's point of view. */
export interface Archive {
  readonly direction: "upload" | "download";
  /** Folder that an upload is unpacked in; empty: the command's own. */
  readonly folder: string;
}

const PROGRAMS = new Set(["tar", "bsdtar", "gtar"]);
const DESTINATIONS = new Set(["-C", "--directory"]);

/** `tar cf - PATH` sends an archive, `tar xmf - -C FOLDER` takes one. Undefined: any other command. */
export function archiveOf([program = "", ...words]: readonly string[]): Archive | undefined {
  if (!PROGRAMS.has(program.slice(program.lastIndexOf("/") + 1))) return undefined;
  const clusters = words.filter(
    (word, index) => /^-[A-Za-z]+$/.test(word) || (index === 0 && /^[A-Za-z]+$/.test(word)),
  );
  const letters = clusters.join("");
  // through the streams, not a file at the far end
  const at = words.findIndex((word) => clusters.includes(word) && word.endsWith("f"));
  if (at < 0 || words[at + 1] !== "-" || letters.includes("c") === letters.includes("x")) return undefined;
  const to = words.findIndex((word) => DESTINATIONS.has(word));
  return { direction: letters.includes("c") ? "download" : "upload", folder: to < 0 ? "" : (words[to + 1] ?? "") };
}
