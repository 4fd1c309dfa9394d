import { expect, it } from "vitest";
import { withoutCommands } from "./play-terminal.ts";

const ESC = "\u001b";

it("keeps the picture and leaves out what a terminal would do or answer", () => {
  const picture = `${ESC}[1;31mred${ESC}[0m${ESC}[2J${ESC}[10;5Hthere\r\n`;
  expect(withoutCommands(picture)).toBe(picture);
  const commands = [
    `${ESC}]0;title\u0007`,
    `${ESC}]52;c;aGk=${ESC}\\`,
    `${ESC}[6n`,
    `${ESC}[c`,
    `${ESC}[21t`,
    "\u0005",
  ];
  expect(withoutCommands(`a${commands.join("b")}c`)).toBe("abbbbbc");
  expect(withoutCommands(`${ESC}P$q"p${ESC}\\x`)).toBe("x");
});
