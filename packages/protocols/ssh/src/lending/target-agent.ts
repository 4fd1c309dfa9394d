import { type Duplex, duplexPair } from "node:stream";
import { BaseAgent, type ParsedKey } from "ssh2";

/** The target opened a channel to the agent: whether `stream`, its far end, was taken. */
export type AgentAsked = (stream: Duplex) => Promise<boolean>;

/** What ssh2 takes for an agent of ours when the target opens a channel to one. It has no keys: the gateway logs in without it. */
export class TargetAgent extends BaseAgent<ParsedKey> {
  #asked: AgentAsked = () => Promise.resolve(false);

  /** Until then every channel is refused. */
  onAsked(asked: AgentAsked): void {
    this.#asked = asked;
  }

  override getIdentities(answer: (error: null, keys: ParsedKey[]) => void): void {
    answer(null, []);
  }

  override sign(): void {
    // has no key that somebody could name
  }

  override getStream(opened: (error: Error | null, stream?: Duplex) => void): void {
    const [ours, theirs] = duplexPair();
    void this.#asked(ours)
      .catch(() => false)
      .then((taken) => (taken ? opened(null, theirs) : opened(new Error("no agent is lent"))))
      // the target has left meanwhile
      .catch(() => ours.destroy());
  }
}
