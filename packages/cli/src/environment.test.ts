import { describe, expect, it } from "vitest";
import { childVariables, readEnvironment } from "./environment.ts";

describe("the environment", () => {
  it("has XDG places unless told otherwise", () => {
    expect(readEnvironment({ HOME: "/h" })).toMatchObject({
      configDir: "/h/.config/tidewaiter",
      serviceFile: "/h/.pg_service.conf",
      passFile: "/h/.pgpass",
      kubeconfigs: ["/h/.kube/config"],
    });
    expect(readEnvironment({ HOME: "/h", XDG_CONFIG_HOME: "/x" }).configDir).toBe("/x/tidewaiter");
    expect(readEnvironment({ HOME: "/h", XDG_CONFIG_HOME: "relative" }).configDir).toBe("/h/.config/tidewaiter");
    const own = readEnvironment({ HOME: "/h", TIDEWAITER_CONFIG_DIR: "/c", PGSERVICEFILE: "/s", PGPASSFILE: "/p" });
    expect(own).toMatchObject({ configDir: "/c", serviceFile: "/s", passFile: "/p" });
  });

  it("of a child has its own secret, and nothing that leads to our tokens or past the gateway", () => {
    const ours = {
      PATH: "/bin",
      TIDEWAITER_CONFIG_DIR: "/c",
      TIDEWAITER_PASSWORD: "secret",
      PGHOSTADDR: "10.0.0.1",
      PGSERVICE: "mine",
      PGSSLMODE: "disable",
      PGAPPNAME: "report",
    };
    const added = { PGHOST: "gw", PGPASSWORD: "short-lived" };
    expect(childVariables(ours, added)).toEqual({ PATH: "/bin", PGAPPNAME: "report", ...added });
  });
});
