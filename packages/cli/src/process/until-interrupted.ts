import { EXIT_CODES } from "../exit-codes.ts";

/** Runs until it ends or the person presses Ctrl-C, which aborts `signal`; then the exit code says so. */
export async function untilInterrupted(run: (signal: AbortSignal) => Promise<void>): Promise<number | undefined> {
  const leave = new AbortController();
  const onInterrupt = () => leave.abort();
  process.once("SIGINT", onInterrupt);
  try {
    await run(leave.signal);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
  return leave.signal.aborted ? EXIT_CODES.interrupted.code : undefined;
}
