import type { Answer, Ask } from "@tidewaiter/core";

type BudgetAsk = Extract<Ask, { type: "budget" }>;

interface Account {
  windowStart: number;
  rows: number;
  bytes: number;
}

/** What principals have drawn per rule and window, in this process. Grants as much as is left, and nothing when that is nothing. */
export class BudgetLedger {
  readonly #accounts = new Map<string, Account>();

  draw(principalId: string, ask: BudgetAsk, now: number): Answer {
    const account = this.#account(`${principalId} ${ask.ruleId}`, ask.windowSeconds * 1000, now);
    const rows = ask.limit.rows === undefined ? 0 : Math.min(ask.rows, ask.limit.rows - account.rows);
    const bytes = ask.limit.bytes === undefined ? 0 : Math.min(ask.bytes, ask.limit.bytes - account.bytes);
    const granted = (ask.limit.rows === undefined || rows > 0) && (ask.limit.bytes === undefined || bytes > 0);
    if (granted) {
      account.rows += rows;
      account.bytes += bytes;
    }
    return { type: "budget", granted, rows: granted ? rows : 0, bytes: granted ? bytes : 0 };
  }

  /** What a session drew and did not use, when it ends. */
  giveBack(principalId: string, ruleId: string, rows: number, bytes: number): void {
    const account = this.#accounts.get(`${principalId} ${ruleId}`);
    if (account === undefined) return;
    account.rows = Math.max(0, account.rows - rows);
    account.bytes = Math.max(0, account.bytes - bytes);
  }

  #account(key: string, windowMs: number, now: number): Account {
    const present = this.#accounts.get(key);
    if (present !== undefined && now - present.windowStart < windowMs) return present;
    const fresh = { windowStart: now, rows: 0, bytes: 0 };
    this.#accounts.set(key, fresh);
    return fresh;
  }
}
