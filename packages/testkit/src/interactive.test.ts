import { expect, it } from "vitest";
import { hasCommand } from "./command.ts";
import { interactive, interactiveInTerminal } from "./interactive.ts";
import { skipUnless } from "./skip-unless.ts";

it("sees what comes behind what was seen before", async () => {
  using shell = interactive("sh", [], { GREETING: "hello" });
  shell.type("echo $GREETING; echo $GREETING you\n");
  await shell.see("hello");
  await shell.see("hello");
  await shell.see(" you\n");
  shell.type("echo aside >&2; exit 3\n");
  expect(await shell.closed).toBe(3);
  expect(shell.told).toEqual({ stdout: "hello\nhello you\n", stderr: "aside\n" });
});

it("ends with what is typed, and by a signal", async () => {
  using reader = interactive("cat", []);
  reader.end();
  expect(await reader.closed).toBe(0);
  using sleeper = interactive("sleep", ["60"]);
  sleeper.leave();
  expect(await sleeper.closed).toBe(null);
});

skipUnless(hasCommand("script"), "script").it(
  "gives a program a terminal of a size, and its words as they are",
  async () => {
    const program = 'stty size; read word; printf \'%s|\' "$word" "$@"; exit 5';
    using shell = interactiveInTerminal("sh", ["-c", program, "sh", "it's $HOME"], { rows: 20, columns: 70 });
    await shell.see("20 70\r\n");
    shell.type("typed\r");
    await shell.see("typed|it's $HOME|");
    expect(await shell.closed).toBe(5);
  },
);
