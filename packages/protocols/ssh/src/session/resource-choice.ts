import type { ReachableResources } from "@tidewaiter/core";
import type { PseudoTtyInfo, ServerChannel } from "ssh2";
import { type MenuAnswer, type MenuSize, ResourceMenu } from "./resource-menu.ts";
import { EXIT_FAILED } from "./words.ts";

/** A connection without a session is kept for so long: while somebody is asked, and else. */
const CHOICE_MS = 5 * 60_000;
const IDLE_MS = 10_000;
/** Of a list on stderr, which programs such as git show as well. */
const MAX_LINES = 40;
/** As a shell says of one that was ended by Ctrl-C. */
const EXIT_LEFT = 130;

export interface ChoiceInput {
  readonly list: () => Promise<ReachableResources>;
  readonly who: string;
  /** Why the client is asked, where it has named something. */
  readonly because?: string;
  /** What to type for one resource. */
  readonly command: (resource: string) => string;
}

/** What one channel brings to it. */
export interface ChoiceChannel {
  readonly channel: ServerChannel;
  /** Absent where nobody can be asked: no terminal, or a command that waits for an answer. */
  readonly terminal?: PseudoTtyInfo | undefined;
  readonly resizes: (listener: ((size: MenuSize) => void) | undefined) => void;
  /** Aborted when the channel is closed. */
  readonly signal: AbortSignal;
}

export interface NotChosen {
  readonly lines: readonly string[];
  readonly code: number;
}

/** Which resource a connection is for, chosen on its first terminal where the user name does not say it. */
export class ResourceChoice {
  readonly #input: ChoiceInput;
  readonly #chosen = Promise.withResolvers<string | undefined>();
  #deadline: NodeJS.Timeout | undefined;
  #made = false;
  #asking = false;
  /** Undefined: nothing was chosen in time, or the client left. */
  readonly chosen = this.#chosen.promise;

  constructor(input: ChoiceInput) {
    this.#input = input;
    this.#wait(IDLE_MS);
  }

  #wait(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#settle(undefined), ms);
    this.#deadline.unref();
  }

  /** The client has left. */
  leave(): void {
    this.#settle(undefined);
  }

  /** Asks on this channel where that can be done; undefined when there is a choice. */
  async offer(asked: ChoiceChannel): Promise<NotChosen | undefined> {
    if (this.#made) return undefined;
    const { terminal } = asked;
    const listed = await this.#input.list().catch(() => undefined);
    if (listed === undefined) return { lines: ["what you may reach could not be asked; try again"], code: EXIT_FAILED };
    const { because, who } = this.#input;
    if (listed.resources.length === 0)
      return {
        lines: [...(because === undefined ? [] : [because]), `no SSH host is granted to ${who}`],
        code: EXIT_FAILED,
      };
    const draws = terminal !== undefined && terminal.term !== "dumb" && terminal.term !== "";
    if (!draws || this.#asking) return { lines: this.#lines(listed), code: EXIT_FAILED };
    this.#asking = true;
    this.#wait(CHOICE_MS);
    const answer = await this.#ask(asked, terminal, listed);
    this.#asking = false;
    // the time may be over: then the connection says so
    if (this.#made) return undefined;
    if (answer.type === "chosen") {
      this.#settle(answer.name);
      return undefined;
    }
    this.#wait(IDLE_MS);
    return { lines: [], code: EXIT_LEFT };
  }

  #settle(name: string | undefined): void {
    if (this.#made) return;
    this.#made = true;
    clearTimeout(this.#deadline);
    this.#chosen.resolve(name);
  }

  #lines({ resources, more }: ReachableResources): readonly string[] {
    const { because, who, command } = this.#input;
    const shown = resources.slice(0, MAX_LINES);
    const hidden = resources.length - shown.length;
    return [
      because ?? `which host? You are ${who}.`,
      ...shown.map(({ name, levels }) => `${command(name)}    (${levels.join(", ")})`),
      ...(hidden > 0 || more
        ? [`... and ${more ? "many" : hidden} more: ssh -t shows them all, tw resources list too`]
        : []),
    ];
  }

  #ask({ channel, resizes, signal }: ChoiceChannel, size: MenuSize, listed: ReachableResources): Promise<MenuAnswer> {
    const { because, who } = this.#input;
    const { promise, resolve } = Promise.withResolvers<MenuAnswer>();
    const menu = new ResourceMenu(listed.resources, { heading: because ?? `Where to, ${who}?`, size });
    let waits = false;
    let over = false;
    // a client that types and does not read gets the last picture alone
    const draw = (): void => {
      if (waits || over) return;
      if (!channel.writableNeedDrain) return void channel.write(menu.draw());
      waits = true;
      channel.once("drain", () => {
        waits = false;
        draw();
      });
    };
    const take = (chunk: Buffer): void => {
      const answer = menu.take(chunk);
      if (answer === undefined) draw();
      else end(answer);
    };
    const left = (): void => end({ type: "left" });
    const end = (answer: MenuAnswer): void => {
      over = true;
      channel.off("data", take).off("end", left);
      signal.removeEventListener("abort", left);
      resizes(undefined);
      channel.pause();
      if (!signal.aborted) channel.write(menu.end());
      if (answer.type === "chosen" && answer.rest.length > 0) channel.unshift(answer.rest);
      resolve(answer);
    };
    resizes((changed) => {
      menu.resize(changed);
      draw();
    });
    channel.write(menu.begin());
    channel.on("data", take).on("end", left);
    signal.addEventListener("abort", left, { once: true });
    void this.chosen.then(left);
    if (signal.aborted) left();
    return promise;
  }
}
