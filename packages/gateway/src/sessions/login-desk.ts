import type { BrowserLoginRequest, BrowserLoginStanding, BrowserLoginTicket, ControlPlane } from "@tidewaiter/core";

type Decided = Exclude<BrowserLoginStanding, { state: "waiting" }>;
type Port = Pick<ControlPlane, "requestBrowserLogin" | "browserLogin" | "withdrawBrowserLogin">;

/** The clients that wait here for somebody to sign in for them. */
export class LoginDesk {
  readonly #controlPlane: Port;
  readonly #publicUrl: string;
  readonly #waiting = new Map<string, (standing: Decided) => void>();

  constructor(controlPlane: Port, publicUrl: string) {
    this.#controlPlane = controlPlane;
    this.#publicUrl = publicUrl;
  }

  async request(request: BrowserLoginRequest): Promise<BrowserLoginTicket> {
    const answer = await this.#controlPlane.requestBrowserLogin(request);
    if (answer.state !== "waiting") return answer;
    const { id, path, code, expiresAt } = answer;
    return {
      state: "waiting",
      id,
      link: `${this.#publicUrl}${path}`,
      code,
      expiresAt,
      decided: this.#decided(id, Date.parse(expiresAt)),
      withdraw: () => this.#withdraw(id),
    };
  }

  /** The control plane says that something happened to one. */
  async changed(id: string): Promise<void> {
    const settle = this.#waiting.get(id);
    if (settle === undefined) return;
    const standing = await this.#standing(id);
    if (standing.state !== "waiting") settle(standing);
  }

  /** Changes may have been missed. */
  async lookAgain(): Promise<void> {
    for (const id of [...this.#waiting.keys()]) await this.changed(id);
  }

  #decided(id: string, end: number): Promise<Decided> {
    return new Promise((resolve) => {
      const late = async () => {
        const standing = await this.#standing(id);
        settle(standing.state === "waiting" ? { state: "expired" } : standing);
      };
      const timer = setTimeout(() => void late(), Math.max(0, end - Date.now()));
      timer.unref();
      const settle = (standing: Decided) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(standing);
      };
      this.#waiting.set(id, settle);
    });
  }

  async #standing(id: string): Promise<BrowserLoginStanding> {
    // A control plane that is away answers when it is back, or the time of waiting ends.
    return this.#controlPlane.browserLogin(id).catch(() => ({ state: "waiting" }) as const);
  }

  async #withdraw(id: string): Promise<void> {
    if (!this.#waiting.has(id)) return;
    this.#waiting.get(id)?.({ state: "withdrawn" });
    // It ends by itself as well.
    await this.#controlPlane.withdrawBrowserLogin(id).catch(() => {});
  }
}
