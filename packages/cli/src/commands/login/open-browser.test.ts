import { expect, it } from "vitest";
import { hasBrowser } from "./open-browser.ts";

it("sees a browser where a display is, and none over ssh", () => {
  expect(hasBrowser({}, "linux")).toBe(false);
  expect(hasBrowser({ DISPLAY: ":0" }, "linux")).toBe(true);
  expect(hasBrowser({ WAYLAND_DISPLAY: "wayland-0" }, "linux")).toBe(true);
  expect(hasBrowser({ BROWSER: "firefox" }, "linux")).toBe(true);
  expect(hasBrowser({ DISPLAY: ":10", SSH_CONNECTION: "1.2.3.4 5 6.7.8.9 22" }, "linux")).toBe(false);
  expect(hasBrowser({}, "darwin")).toBe(true);
});
