/** Which package may import which, by the name after `@tidewaiter/`. packages/README.md explains why. */
export const house: Readonly<Record<string, readonly string[]>> = {
  core: [],
  toolkit: ["core"],
  postgres: ["core", "toolkit"],
  ssh: ["core", "toolkit"],
  kubernetes: ["core", "toolkit"],
  tunnel: [],
  contract: [],
  agent: ["tunnel", "contract"],
  "secret-stores": ["core"],
  gateway: ["core", "toolkit", "postgres", "ssh", "kubernetes", "tunnel", "contract"],
  "control-plane": ["core", "contract", "toolkit", "postgres", "secret-stores"],
  server: [
    "core",
    "contract",
    "toolkit",
    "postgres",
    "ssh",
    "kubernetes",
    "tunnel",
    "gateway",
    "control-plane",
    "secret-stores",
  ],
  cli: ["contract", "tunnel", "core"],
  web: ["contract"],
};

/** Packages for tests only: they may import anything, and only tests may import them. */
export const testOnly: readonly string[] = ["testkit"];

/** Packages that must run anywhere: neither modules nor globals of Node. */
export const pure: readonly string[] = ["core"];

/** Globals of Node that are not in `pure` packages. */
export const nodeGlobals: readonly string[] = ["process", "Buffer", "global", "__dirname", "__filename"];
