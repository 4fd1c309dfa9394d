import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TerminalPicture } from "./terminal-picture.ts";

const ESC = "\u001b";
const shown = (...chunks: string[]) => {
  const picture = new TerminalPicture();
  return chunks.map((chunk) => picture.push(chunk)).join("");
};

describe("the picture of a terminal", () => {
  it.each([
    ["text of any kind", "añb 漢字 🙂\r\n\tx\b y"],
    ["colours", `${ESC}[1;31mred${ESC}[0m${ESC}[38;5;9mx${ESC}[38:2::1:2:3mx`],
    ["cursor and erase", `${ESC}[2J${ESC}[10;5Hthere${ESC}[K${ESC}[?25l${ESC}7${ESC}8${ESC}M${ESC}[1;20r`],
    ["the alternate screen", `${ESC}[?1049h${ESC}[Hvim${ESC}[?1049l`],
    ["line drawing", `${ESC}(0lqqk${ESC}(B\u000eq\u000f${ESC}#8`],
    ["the cursor's shape and a soft reset", `${ESC}[4 q${ESC}[!p`],
  ])("keeps %s", (_, text) => expect(shown(text)).toBe(text));

  it.each([
    ["a title", `${ESC}]0;owned\u0007`],
    ["the clipboard", `${ESC}]52;c;aGk=${ESC}\\`],
    ["device control", `${ESC}P$q"p${ESC}\\`],
    ["an application's string", `${ESC}_Gf=24;AAAA${ESC}\\`],
    ["a question where the cursor is", `${ESC}[6n`],
    ["questions what the terminal is", `${ESC}[c${ESC}[>c${ESC}[=c${ESC}Z${ESC}[?1;2c\u0005`],
    ["a question for a mode", `${ESC}[?2004$p`],
    ["commands to the window, and its title back", `${ESC}[21t${ESC}[8;40;120t`],
    [
      "the mouse, focus, pasting and keys",
      `${ESC}[?1000;1006h${ESC}[?1004h${ESC}[?2004h${ESC}[?1h${ESC}=${ESC}[>4;2m${ESC}[=1u`,
    ],
    ["printing, and keys that do nothing", `${ESC}[5i${ESC}[2h`],
    ["the scrollback", `${ESC}[3J`],
    ["bells and other controls", "\u0007\u0000\u007f\u009b\u009d\u0090"],
  ])("leaves out %s", (_, text) => expect(shown(`a${text}b`)).toBe("ab"));

  it("keeps of several modes those that draw", () => {
    expect(shown(`${ESC}[?1049;1000;25h`)).toBe(`${ESC}[?1049;25h`);
  });

  it("makes of a full reset one that leaves the scrollback alone", () => {
    expect(shown(`${ESC}c`)).toBe(`${ESC}[!p${ESC}[2J${ESC}[H`);
  });

  it("shows what follows a string that never ends", () => {
    const picture = new TerminalPicture();
    picture.push(`${ESC}]0;`);
    for (let chunk = 0; chunk < 5; chunk++) picture.push("x".repeat(1_000));
    expect(picture.push("seen")).toBe("seen");
    expect(shown(`${ESC}]0;title${ESC}[1mbold`)).toBe(`${ESC}[1mbold`);
    expect(shown(`${ESC}[${"1".repeat(10_000)}`, "seen")).toBe("seen");
  });

  it("leaves the terminal as it was", () => {
    const picture = new TerminalPicture();
    expect(picture.restore).not.toContain("1049");
    picture.push(`${ESC}[?1049h`);
    expect(picture.restore.startsWith(`${ESC}[?1049l`)).toBe(true);
    picture.push(`${ESC}[?1049l`);
    expect(picture.restore).not.toContain("1049");
  });

  it("is the same however it is cut, and never asks or tells a terminal anything", () => {
    const pieces = fc.constantFrom(
      ...[ESC, "[", "]", "P", "?", ";", "0", "1049", "h", "l", "m", "n", "c", "t", "J", "\\", "\u0007", "$", " ", "q"],
      ...["text", "\r\n", "\u009b", "6n", "[6n", "]52;c;eA==", "(", "B", "\u0005"],
    );
    fc.assert(
      fc.property(fc.array(fc.array(pieces, { maxLength: 6 }), { maxLength: 12 }), (chunks) => {
        const texts = chunks.map((parts) => parts.join(""));
        const cut = shown(...texts);
        expect(shown(...texts.join(""))).toBe(cut);
        // whatever is let through is let through again as it is
        expect(shown(cut)).toBe(cut);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        expect(cut).not.toMatch(/\u001b[\]PX^_Z]|\u001b\[[0-?]*[ncit]|[\u0005\u0007\u0080-\u009f]/);
      }),
      { numRuns: 2_000 },
    );
  });
});
