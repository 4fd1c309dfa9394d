import { expect, it } from "vitest";
import { loggedPath } from "./log-request.ts";

it("leaves out what opens something", () => {
  const token = "k".repeat(43);
  expect(loggedPath(`/login/connection/${token}`)).toBe("/login/connection/...");
  expect(loggedPath(`/sign-in?next=%2Flogin%2Fconnection%2F${token}`)).toBe("/sign-in?...");
  expect(loggedPath("/v1/sessions/ses_01hx5tq8v2m4k6n8p0r2t4w6y8?x=1")).toBe(
    "/v1/sessions/ses_01hx5tq8v2m4k6n8p0r2t4w6y8?...",
  );
  expect(loggedPath("/")).toBe("/");
});
