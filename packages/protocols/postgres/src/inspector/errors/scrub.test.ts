import { describe, expect, it } from "vitest";
import type { ErrorFields } from "../../messages.ts";
import { scrubbedError } from "./scrub.ts";

const error = (code: string, message: string, more: ErrorFields = {}): ErrorFields => ({
  severity: "ERROR",
  code,
  message,
  ...more,
});

describe("an error of code that nobody has read", () => {
  it.each([
    ["22012", "division by zero", "int4div"],
    ["23505", "duplicate key", "exec_stmt_raise"],
    ["57014", "raised", "exec_stmt_raise"],
    ["42P01", "relation does not exist", "parserOpenTable"],
  ])("is one error, whichever it was: %s %s", (code, message, routine) =>
    expect(scrubbedError(error(code, message, { routine, where: "PL/pgSQL function f()" }), "unread")).toEqual({
      severity: "ERROR",
      code: "XX000",
      message: "the statement failed inside code that nobody has read",
    }),
  );

  it("but what the server says on its own account stays", () =>
    expect(scrubbedError(error("57014", "canceling", { routine: "ProcessInterrupts" }), "unread").code).toBe("57014"));
});

describe("an error of a statement that touches labels", () => {
  it.each([
    ["42703", 'column "nothing" does not exist', { position: "8" }],
    ["42P01", 'relation "nowhere" does not exist', { position: "15" }],
    ["42501", "permission denied for table customers", {}],
    ["42P07", 'relation "copy" already exists', {}],
    ["57014", "canceling statement due to user request", {}],
  ])("keeps names that the client wrote: %s %s", (code, message, more) =>
    expect(scrubbedError(error(code, message, more), "values")).toMatchObject({ code, message }),
  );

  it.each([
    ["42P01", 'relation "ann@example.com" does not exist'],
    ["42883", 'function "123-45-6789" does not exist'],
    ["42704", 'type "ann" does not exist'],
    ["42602", "invalid name syntax: ann"],
    ["3F000", 'schema "ann" does not exist'],
    ["3D000", 'database "ann" does not exist'],
    ["58P01", 'could not open file "ann"'],
    ["22P02", 'invalid input syntax for type integer: "ann"'],
    ["P0001", "ann"],
  ])("withholds what comes from a value: %s %s", (code, message) => {
    const shown = JSON.stringify(
      scrubbedError(error(code, message, { detail: "ann", hint: "ann", where: "ann" }), "values"),
    );
    expect(shown).not.toMatch(/ann|123/);
  });

  it("of code that nobody has read tells no SQLSTATE of its own", () =>
    expect(scrubbedError(error("X1234", "ann"), "code")).toMatchObject({ code: "XX000" }));
});
