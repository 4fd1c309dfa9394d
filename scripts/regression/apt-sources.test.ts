import { expect, it } from "vitest";
import { asSources } from "./apt-sources.ts";

it("asks the same places for source packages, in both forms of a list", () => {
  const stanza = "Types: deb\nURIs: http://archive.example/debian\nSuites: stable\nComponents: main\n";
  expect(asSources(stanza, true)).toBe(stanza.replace("Types: deb", "Types: deb deb-src"));
  expect(asSources("# deb old\ndeb [signed-by=/k] http://archive.example stable main\n", false)).toBe(
    "# deb old\ndeb [signed-by=/k] http://archive.example stable main\ndeb-src [signed-by=/k] http://archive.example stable main\n",
  );
});
