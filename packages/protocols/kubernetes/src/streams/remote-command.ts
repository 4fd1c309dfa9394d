import type { Writable } from "node:stream";
import type { Channel } from "../carrier/channel.ts";

/** The byte streams of exec and attach on one connection, whatever it speaks. Those that were not asked for are undefined. */
export interface RemoteCommand {
  readonly stdin: Channel | undefined;
  readonly stdout: Channel | undefined;
  readonly stderr: Channel | undefined;
  /** How it ended. */
  readonly error: Channel;
  /** Sizes of the terminal. */
  readonly resize: Channel | undefined;
  /** `error` has a Status as JSON (v4 and later), not a text. */
  readonly status: boolean;
  /** Whoever speaks this shows it to its user, as kubectl does; others hide it in a library. */
  readonly statusShown: boolean;
  /** Resolves when nothing can be read any more. */
  readonly over: Promise<void>;
  /** Says goodbye behind everything that was written. */
  end(): void;
  destroy(): void;
}

/** Numbers of the channels (apimachinery, util/remotecommand). */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** Ends a stream and waits until everything is on its way, or nobody is there any more. */
export function ended(stream: Writable | undefined): Promise<void> {
  if (stream === undefined || stream.writableFinished || stream.destroyed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("close", resolve);
  stream.end(resolve);
  return promise;
}
