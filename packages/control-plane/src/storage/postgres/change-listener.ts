import pg from "pg";

export const CHANGE_CHANNEL = "tidewaiter_changes";

/**
 * Hears NOTIFY from any process on the same store. Only a hint that makes the change feed look sooner: when this
 * connection is lost it is made anew, and meanwhile the feed's poll finds the changes.
 */
export class ChangeListener {
  readonly #connectionString: string;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  start(onChange: () => void): void {
    if (this.#stopped) return;
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: "tidewaiter changes",
      keepAlive: true,
    });
    this.#client = client;
    client.on("notification", onChange);
    client.on("error", () => {});
    client.once("end", () => this.#restart(onChange));
    const listening = client.connect().then(() => client.query(`listen ${CHANGE_CHANNEL}`));
    listening.then(onChange, () => client.end().catch(() => {}));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => {});
  }

  #restart(onChange: () => void): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(() => this.start(onChange), 1000);
    this.#retry.unref();
  }
}
