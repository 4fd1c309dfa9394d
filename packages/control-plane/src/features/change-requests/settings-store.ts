import { TidewaiterError } from "@tidewaiter/core/errors";
import { eq } from "../../storage/drizzle.ts";
import { settings } from "../../storage/schema.ts";
import { insert, remove, type Work } from "../../storage/statement.ts";
import { read, type UnitContext, write } from "../../storage/unit.ts";
import type { PrincipalRef } from "../principals/store.ts";
import { administrators, protect } from "./protect.ts";
import { TWO_PERSON, twoPersonOn } from "./two-person.ts";

export const settingsUnits = {
  mode: read(function* (): Work<{ twoPerson: "on" | "off"; administrators: number }> {
    return { twoPerson: (yield* twoPersonOn()) ? "on" : "off", administrators: yield* administrators() };
  }),

  setMode: write(function* (unit, args: { by: PrincipalRef; twoPerson: "on" | "off" }): Work<void> {
    yield* setTwoPerson(unit, args);
  }),
};

function* setTwoPerson(unit: UnitContext, args: { by: PrincipalRef; twoPerson: "on" | "off" }): Work<void> {
  const { by, twoPerson } = args;
  const before = (yield* twoPersonOn()) ? "on" : "off";
  if (before === twoPerson) return;
  if (twoPerson === "on" && (yield* administrators()) < 2) {
    throw new TidewaiterError("conflict", "two people with the role admin are needed: one asks, the other approves");
  }
  const why = twoPerson === "off" ? ["one person alone may weaken protection"] : [];
  protect(unit, { noun: "settings", name: TWO_PERSON }, why, { before, after: twoPerson });
  yield* remove(settings, eq(settings.name, TWO_PERSON));
  yield* insert(settings, { name: TWO_PERSON, value: twoPerson });
  unit.changed("settings", TWO_PERSON);
  unit.audit({
    type: "settings.changed",
    principalId: by.id,
    data: { by: by.name, name: TWO_PERSON, value: twoPerson },
  });
}
