import fc from "fast-check";

/** Every day properties are tried with the same samples, so that a change is refused for what it does; `--long` draws others. */
if (process.env.TIDEWAITER_LONG !== "1") fc.configureGlobal({ seed: 1 });
