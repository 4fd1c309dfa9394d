import type { BudgetAmounts } from "@tidewaiter/core";
import { integer, primaryKey, sqliteTable, text } from "../drizzle.ts";
import { instant, json } from "./columns.ts";

/** What is spent of what a rule allows in a window. */

/** What a rule allows one principal, by counter. `account` names rule, principal and, where each has its own, resource. */
export const budgetAccounts = sqliteTable(
  "budget_accounts",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    ruleId: text("rule_id").notNull(),
    principalId: text("principal_id").notNull(),
    resourceId: text("resource_id"),
    limitValue: integer("limit_value").notNull(),
    windowSeconds: integer("window_seconds").notNull(),
    usedAt: instant("used_at").notNull(),
    exceededAt: instant("exceeded_at"),
    /** The person that the principal acts for. */
    ownerId: text("owner_id"),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter] })],
);

/** Granted in leases that end by `endsAt`; it counts for a window from then on. */
export const budgetSpends = sqliteTable(
  "budget_spends",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    endsAt: instant("ends_at").notNull(),
    freesAt: instant("frees_at").notNull(),
    amount: integer("amount").notNull(),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter, table.endsAt] })],
);

/** Different values that were asked for, as keyed tokens. */
export const budgetValues = sqliteTable(
  "budget_values",
  {
    account: text("account").notNull(),
    counter: text("counter").notNull(),
    token: text("token").notNull(),
    endsAt: instant("ends_at").notNull(),
    freesAt: instant("frees_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.account, table.counter, table.token] })],
);

/** What of a lease may still be returned. */
export const budgetLeases = sqliteTable("budget_leases", {
  id: text("id").primaryKey(),
  account: text("account").notNull(),
  sessionId: text("session_id").notNull(),
  endsAt: instant("ends_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  amounts: json<BudgetAmounts>("amounts").notNull(),
});
