import { type Checks, indent, type Print, title } from "../story/checks.ts";
import type { World } from "./world.ts";

/** What each act of the walk has at hand. */
export interface Act {
  readonly world: World;
  readonly checks: Checks;
  readonly print: Print;
  title(what: string, command: string): void;
  show(text: string): void;
}

export function acts(world: World, checks: Checks, print: Print): Act {
  let number = 0;
  return {
    world,
    checks,
    print,
    title: (what, command) => title(print, ++number, what, command),
    show: (text) => print(indent(text)),
  };
}
