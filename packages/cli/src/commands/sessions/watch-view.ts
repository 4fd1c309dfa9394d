import type { SessionEvent } from "@tidewaiter/core/recording/events";
import { renderEvent } from "@tidewaiter/core/recording/render";
import type { Output } from "../../output/output.ts";
import { TerminalPicture } from "../../output/terminal-picture.ts";

export interface WatchViewOptions {
  readonly output: Output;
  readonly startedAt: number;
  readonly revealSealed: boolean;
  /** Terminals as lines too, in place of their picture. */
  readonly asLines: boolean;
}

/** Of what came before, where no terminal shows it. */
const EARLIER_EVENTS = 10;
/** Of a terminal's past: more than any screen needs, however it is drawn. */
const EARLIER_CHARACTERS = 4 * 1024 * 1024;

type Size = Extract<SessionEvent, { type: "terminal_size" }>;
type Terminal = Extract<SessionEvent, { type: "terminal" }>;

/**
 * A live session for a person. One terminal at a time is shown as it looks; whatever has none is told in lines. What came
 * before is gathered until `live` says that it is all.
 */
export class WatchView {
  readonly #options: WatchViewOptions;
  readonly #earlier = new Earlier();
  #gathering = true;
  /** The terminal that is shown, by its operation. */
  #shown: number | undefined;
  #shownSize: Size | undefined;
  #picture = new TerminalPicture();
  #ended = false;

  constructor(options: WatchViewOptions) {
    this.#options = options;
  }

  /** The recording itself has said how the session ended. */
  get saidEnd(): boolean {
    return this.#ended;
  }

  show(event: SessionEvent): void {
    if (event.type === "session_ended") this.#ended = true;
    if (this.#options.asLines) return this.#tell(event);
    if (event.type === "terminal_size") this.#size(event);
    if (this.#shown === undefined || event.type === "session_ended") {
      if (this.#shown !== undefined) this.#leave();
      return this.#tell(event);
    }
    if (event.type === "gap") return this.#tell(event);
    if (!("operation" in event) || event.operation !== this.#shown) return;
    if (event.type === "terminal" && event.stream !== "input") this.#draw(event);
    if (event.type !== "operation_finished") return;
    this.#leave();
    this.#tell(event);
  }

  /** What came before is complete: the end of it is shown, and from now on everything. */
  live(): void {
    if (!this.#gathering) return;
    this.#gathering = false;
    const { output } = this.#options;
    if (this.#earlier.dropped > 0) output.note(`(${this.#earlier.dropped} earlier events are not shown)`);
    for (const event of this.#earlier.events) this.#tell(event);
    if (this.#shown !== undefined) this.#compareSize();
    for (const event of this.#earlier.screen) this.#draw(event);
  }

  /** A terminal of one's own is as it was before. */
  close(): void {
    this.live();
    if (this.#shown !== undefined) this.#leave();
  }

  #size(event: Size): void {
    const begins = this.#shown === undefined;
    if (!begins && this.#shown !== event.operation) return;
    this.#shown = event.operation;
    this.#shownSize = event;
    if (!begins) return;
    this.#picture = new TerminalPicture();
    if (!this.#gathering) this.#compareSize();
  }

  /** A picture that is larger than what shows it looks broken. */
  #compareSize(): void {
    const { output } = this.#options;
    const [own, shown] = [output.size, this.#shownSize];
    if (own === undefined || shown === undefined || (shown.columns <= own.columns && shown.rows <= own.rows)) return;
    output.note(`That terminal is ${shown.columns}x${shown.rows}, yours ${own.columns}x${own.rows}: make it larger.`);
  }

  #leave(): void {
    this.#shown = undefined;
    if (this.#gathering) return this.#earlier.leaveScreen();
    const { output } = this.#options;
    output.picture(output.size === undefined ? "\n" : `${this.#picture.restore}\r\n`);
  }

  #draw(event: Terminal): void {
    if (this.#gathering) this.#earlier.draw(event);
    else this.#options.output.picture(this.#picture.push(event.text));
  }

  #tell(event: SessionEvent): void {
    if (this.#gathering) return this.#earlier.add(event);
    const { output, startedAt, revealSealed } = this.#options;
    output.lines(renderEvent(event, { startedAt, colour: output.colour, revealSealed }));
  }
}

/** The end of what came before: some events, and what the terminal that is open has shown. */
class Earlier {
  dropped = 0;
  events: SessionEvent[] = [];
  screen: Terminal[] = [];
  #characters = 0;

  add(event: SessionEvent): void {
    this.events.push(event);
    if (this.events.length <= EARLIER_EVENTS) return;
    this.events.shift();
    this.dropped += 1;
  }

  draw(event: Terminal): void {
    this.screen.push(event);
    this.#characters += event.text.length;
    while (this.#characters > EARLIER_CHARACTERS && this.screen.length > 1)
      this.#characters -= this.screen.shift()?.text.length ?? 0;
  }

  leaveScreen(): void {
    this.screen = [];
    this.#characters = 0;
  }
}
