import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { spoken } from "@tidewaiter/toolkit/terminal/review-words";
import { ended, type RemoteCommand } from "./remote-command.ts";
import type { StreamStatus } from "./stream-status.ts";

/** How long a client that does not read may keep a stream that was ended from outside. */
const GOODBYE_MS = 1_000;

/** The client of exec or attach, as far as the gateway itself speaks to it. */
export class ClientEnd {
  readonly command: RemoteCommand;
  readonly tty: boolean;

  constructor(command: RemoteCommand, tty: boolean) {
    this.command = command;
    this.tty = tty;
  }

  /** Lines of ours, where a person reads them: on stderr, or in the terminal. */
  say(lines: readonly string[]): void {
    const { stdout, stderr } = this.command;
    const sink: Writable | undefined = this.tty ? stdout : (stderr ?? undefined);
    const newline = this.tty ? "\r\n" : "\n";
    if (sink !== undefined && !sink.writableEnded && !sink.destroyed) sink.write(spoken(lines, newline));
  }

  /** Lines in the middle of what a terminal shows. */
  interject(lines: readonly string[]): void {
    this.command.stdout?.write(`\r\n${spoken(lines, "\r\n")}`);
  }

  /** The line in front of a Status that says the same, for clients that do not show it. */
  explain(line: string): void {
    if (!this.command.statusShown) this.say([line]);
  }

  /** Says how it ended, behind everything that was written, and closes. Resolves when the client has it all, or has left. */
  async finish(status: StreamStatus): Promise<void> {
    const { command } = this;
    await Promise.race([this.#finish(status), command.over]);
  }

  /** As `finish`, for a client that may not be waited for. */
  async cut(status: StreamStatus): Promise<void> {
    await Promise.race([this.finish(status), delay(GOODBYE_MS)]);
    if (this.command.error.writableNeedDrain || !this.command.error.writableFinished) this.command.destroy();
  }

  async #finish(status: StreamStatus): Promise<void> {
    const { command } = this;
    // what is still typed is for nobody; unread it would stand before the client's goodbye
    command.stdin?.resume();
    command.resize?.resume();
    await Promise.all([ended(command.stdout), ended(command.stderr)]);
    const text = command.status ? JSON.stringify(status) : "message" in status ? status.message : "";
    if (text !== "") command.error.write(text);
    await ended(command.error);
    await Promise.all([ended(command.stdin), ended(command.resize)]);
    command.end();
  }
}
