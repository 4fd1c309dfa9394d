/** Bounds what strangers may hold: tunnels that did not authenticate yet, in all and by address. */
export class Admission {
  readonly #limit: number;
  readonly #limitPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limit: number, limitPerAddress: number) {
    this.#limit = limit;
    this.#limitPerAddress = limitPerAddress;
  }

  /** A place for one more, to be given back by calling the result; undefined when there is none. */
  enter(address: string): (() => void) | undefined {
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#total >= this.#limit || count >= this.#limitPerAddress) return undefined;
    this.#total++;
    this.#byAddress.set(address, count + 1);
    let inside = true;
    return () => {
      if (inside) this.#leave(address);
      inside = false;
    };
  }

  #leave(address: string): void {
    this.#total--;
    const count = (this.#byAddress.get(address) ?? 1) - 1;
    if (count === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
  }
}
